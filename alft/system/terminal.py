"""How do lines and tables reach the terminal?"""

from typing import Any

from rich.console import Console


def show(*parts: Any) -> None:
    """Print texts as they are and tables as rich draws them."""
    console = Console()
    for part in parts:
        is_text = isinstance(part, str)  # square brackets in it are no markup
        console.print(part, highlight=False, soft_wrap=is_text, markup=not is_text)
