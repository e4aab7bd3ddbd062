"""Prints lines and tables to the terminal, and shows progress there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import Progress

from alft.system.visible import visible


def show(*parts: Any) -> None:
    """Print texts, with control characters made visible, and tables as drawn by rich."""
    console = Console()
    for part in parts:
        is_text = isinstance(part, str)  # square brackets in text are not markup
        shown = visible(part, keep="\n") if is_text else part
        console.print(shown, highlight=False, soft_wrap=is_text, markup=not is_text)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar until the end of the block; call the yielded function with what is done, and of how much.

    Where the output is no terminal, nothing is printed.
    """
    console = Console()
    with Progress(transient=True, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
