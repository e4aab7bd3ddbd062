"""Prints lines and tables to the terminal."""

from typing import Any

from rich.console import Console

from alft.system.visible import visible


def show(*parts: Any) -> None:
    """Print texts, with control characters made visible, and tables as drawn by rich."""
    console = Console()
    for part in parts:
        is_text = isinstance(part, str)  # square brackets in text are not markup
        shown = visible(part, keep="\n") if is_text else part
        console.print(shown, highlight=False, soft_wrap=is_text, markup=not is_text)
