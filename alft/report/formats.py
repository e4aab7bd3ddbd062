"""Formats a report as text for the terminal, as Markdown and as CSV."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import StringIO

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table

from alft.report.across_sheet import across_sections
from alft.report.cells import Section, Sheet
from alft.report.rounds import rehearsal_parts
from alft.report.sentences import sentences_on_all
from alft.report.sheets import sections
from alft.system.visible import markdown

NARROWEST = 100
"""Minimum width in columns, below which a sheet would lose figures; a narrower terminal wraps lines itself."""

UNBROKEN = 100_000
"""Width of a document in columns, so that its lines are never wrapped."""


def as_terminal(
    table: pd.DataFrame,
    contrasts: pd.DataFrame | None = None,
    width: int = 128,
    arms: Sequence[str] = (),
    budgets: pd.DataFrame | None = None,
    suspects: pd.DataFrame | None = None,
    across: pd.DataFrame | None = None,
) -> str:
    """Format as tables drawn with lines.

    Args:
        table: Result of :func:`alft.report.compare`.
        contrasts: Result of :func:`alft.report.contrasts` for the same runs; None omits them.
        width: Width of the terminal in columns.
        arms: Texts; only arms with one of them in their label are shown. By default all, or the best of very many.
        budgets: Result of :func:`alft.report.budgets` for the same runs; None omits test scores by labels.
        suspects: Result of :func:`alft.report.suspects` for the same runs; None omits suspected wrong labels.
        across: Result of :func:`alft.report.across` for the same runs; None omits the table of all data sets.
    """
    return _printed(
        _terminal_parts(_all_sections(table, contrasts, arms, budgets, suspects, across), table), max(width, NARROWEST)
    )


def as_markdown(
    table: pd.DataFrame,
    contrasts: pd.DataFrame | None = None,
    arms: Sequence[str] = (),
    budgets: pd.DataFrame | None = None,
    suspects: pd.DataFrame | None = None,
    across: pd.DataFrame | None = None,
) -> str:
    """Format the same tables and sentences as Markdown."""
    shown = _all_sections(table, contrasts, arms, budgets, suspects, across)
    return _printed(_markdown_parts(shown, table), UNBROKEN)


def as_rehearsal(table: pd.DataFrame, budgets: pd.DataFrame, width: int = 128) -> str:
    """Format the runs of a rehearsal: F1 by rounds and what each policy saves, as tables drawn with lines.

    Args:
        table: Result of :func:`alft.report.compare` for these runs.
        budgets: Result of :func:`alft.report.budgets` for them.
        width: Width of the terminal in columns.
    """
    return _printed(_rehearsal_parts(rehearsal_parts(table, budgets)), max(width, NARROWEST))


def as_csv(table: pd.DataFrame) -> str:
    """Format either table as CSV, unrounded; missing values are empty."""
    return str(table.to_csv(index=False, lineterminator="\n"))


def _all_sections(
    table: pd.DataFrame,
    contrasts: pd.DataFrame | None,
    arms: Sequence[str],
    budgets: pd.DataFrame | None,
    suspects: pd.DataFrame | None,
    across: pd.DataFrame | None,
) -> list[Section]:
    over_sets = [] if across is None else across_sections(across, arms)
    return [*over_sets, *sections(table, contrasts, arms, budgets, suspects)]


def _terminal_parts(shown: list[Section], table: pd.DataFrame) -> Iterator[str | Table]:
    for section in shown:
        yield from (section.title, section.shared, *section.left_out, "")
        for number, sheet in enumerate(section.sheets):
            yield _drawn(sheet, box.HEAVY_HEAD, sheet.title)
            yield section.controls + "\n" if number == 0 else ""
        yield from _listed(section)
        yield ""
    yield from sentences_on_all(table)


def _markdown_parts(shown: list[Section], table: pd.DataFrame) -> Iterator[str | Table]:
    for section in shown:
        yield from (f"## {markdown(section.title)}", "", markdown(section.shared), "")
        yield from (part for sentence in section.left_out for part in (markdown(sentence), ""))
        for number, sheet in enumerate(section.sheets):
            header = tuple(name.replace("\n", " ") for name in sheet.header)
            plain = replace(sheet, header=header, rows=_escaped_rows(sheet))
            yield from (f"### {markdown(sheet.title)}", "", _drawn(plain, box.MARKDOWN, None), "")
            if number == 0:
                yield from (section.controls, "")
        yield from map(markdown, _listed(section))
        yield ""
    yield "\n\n".join(sentences_on_all(table))


def _rehearsal_parts(parts: Iterator[str | Sheet]) -> Iterator[str | Table]:
    for part in parts:
        if isinstance(part, Sheet):
            yield f"\n{part.title}"  # not as the table's title, which would be broken where the table is narrow
            yield _drawn(part, box.HEAVY_HEAD, None)
        else:
            yield part


def _listed(section: Section) -> Iterator[str]:
    """The sentences of a section: those about an arm under its name, then the remarks."""
    for arm, sentences in section.findings.items():
        yield f"- {arm}:"
        yield from (f"  - {sentence}" for sentence in sentences)
    yield from (f"- {remark}" for remark in section.remarks)


def _drawn(sheet: Sheet, lines: box.Box, title: str | None) -> Table:
    """A sheet as a table in which only words may be wrapped."""
    table = Table(title=title, title_justify="left", box=lines)
    for number, name in enumerate(sheet.header):
        words = number < sheet.words
        table.add_column(name, justify="left" if words else "right", no_wrap=not words, overflow="fold")
    for row in sheet.rows:
        table.add_row(*row)
    return table


def _printed(parts: Iterator[str | Table], width: int) -> str:
    file = StringIO()
    # Brackets and colons are not markup here; no colours, so that the text of a report is the same everywhere.
    console = Console(file=file, width=width, color_system=None, markup=False, emoji=False, highlight=False)
    for part in parts:
        console.print(part)
    text = "\n".join(line.rstrip() for line in file.getvalue().splitlines())
    return re.sub("\n{3,}", "\n\n", text).strip("\n") + "\n"


def _escaped_rows(sheet: Sheet) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(markdown(cell.replace("\n", " ")) for cell in row) for row in sheet.rows)
