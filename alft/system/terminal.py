"""Prints lines and tables to the terminal."""

from typing import Any

from rich.console import Console


def show(*parts: Any) -> None:
    """Print texts unchanged and tables as drawn by rich."""
    console = Console()
    for part in parts:
        is_text = isinstance(part, str)  # square brackets in text are not markup
        console.print(part, highlight=False, soft_wrap=is_text, markup=not is_text)
