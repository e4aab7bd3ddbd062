"""Lays out the table of arms: for each group a few narrow sheets of rounded figures, then sentences."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pandas as pd

from alft.report.budgets_sheet import budgets_sheet
from alft.report.cells import Cell, Section, Sheet, difference, figure, lines_of, sheet_of
from alft.report.choice import choose, not_shown
from alft.report.compare import NOT_READ
from alft.report.contrasts import LEFT_OUT
from alft.report.phrases import Line
from alft.report.rounds import savings_sheet
from alft.report.sentences import sentences_on, sentences_on_group
from alft.report.settings import phrase, shared, varying
from alft.report.suspects import BROKEN, suspects_sheet, told_broken
from alft.report.tables import GROUP
from alft.report.verdict_sheets import contrasts_sheet, verdict_sheets
from alft.system.control_names import CONTROLS, control_key, in_words


def labels_at_equal_f1(line: Line) -> str:
    """Fewest labels from which on the arm has the baseline's F1, and how many of the runs reach it."""
    runs = line["labels_at_equal_f1_runs"]
    if runs is None:
        return "-"
    return f"{line['labels_at_equal_f1']:.0f} ({runs:.0f} of {line['runs']})" if runs else "never"


def unless_one_step(cell: Cell) -> Cell:
    """A figure of the F1-labels curve, or a note that the curve is a single step."""
    return lambda line: "one step" if line["one_step"] else cell(line)


SCORES, POOLED, MICRO = "Test macro-F1", "folds\npooled", "mean\nmicro-F1"

SHEETS: dict[str, dict[str, Cell]] = {
    SCORES: {
        "runs": figure("runs", "d"),
        "mean": figure("test_f1", ".3f"),
        "std": figure("test_f1_std", ".3f"),
        POOLED: figure("pooled_f1", ".3f"),
        MICRO: figure("test_f1_micro", ".3f"),
    },
    "Labels": {
        "bought": figure("bought", ".0f"),
        "of": figure("pool", ".0f"),
        "unique\nsaving": figure("unique_saving", ".1%"),
        "exposure\nsaving": figure("exposure_saving", ".1%"),
        "words\nbought": figure("words_bought", ".0f"),
        "of\nwords": figure("words_pool", ".0f"),
        "unique saving\nin words": figure("words_unique_saving", ".1%"),
        "exposure saving\nin words": figure("words_exposure_saving", ".1%"),
    },
    "Validation F1 and labels": {
        "equal\nlabels": unless_one_step(figure("equal_labels", ".0f")),
        "F1 there to\nrandom, points\n[95 %] (pairs)": unless_one_step(difference("equal")),
        "labels at the\nbaseline's F1": unless_one_step(labels_at_equal_f1),
        "area under\nF1-labels curve": unless_one_step(figure("area", ".3f")),
    },
    "Stability": {
        "std of\ntest F1\nover runs": figure("test_f1_std", ".3f"),
        "std of\nvalidation F1\nover last epochs": figure("val_f1_last_std", ".3f"),
        "that to the\nbaseline, points\n[95 %] (pairs)": difference("spread"),
        "collapsed\nruns": figure("collapsed", ".0%"),
    },
    "Cost": {
        "seconds": figure("seconds", ".1f"),
        "memory,\nMiB": figure("memory_mib", ".0f"),
        "break-even\nshare": figure("break_even", ".2f"),
    },
}
"""Columns of each sheet, except the first, which names the arm."""

OF_SOME = {POOLED: "pooled_f1", MICRO: "test_f1_micro"} | {name: "words_bought" for name in SHEETS["Labels"] if "words" in name}
"""Columns that only some groups have, and the figure that they then have."""


def sections(
    table: pd.DataFrame,
    contrasts: pd.DataFrame | None = None,
    arms: Sequence[str] = (),
    budgets: pd.DataFrame | None = None,
    suspects: pd.DataFrame | None = None,
) -> list[Section]:
    """Lay out the groups of a table.

    Args:
        table: Result of :func:`alft.report.compare`, in whose order the groups are.
        contrasts: Pairs, as returned by :func:`alft.report.contrasts` for the same runs.
        arms: Texts; only arms with one of them in their label are shown. By default all, or the best of very many.
        budgets: Test scores by labels, as returned by :func:`alft.report.budgets` for the same runs.
        suspects: Suspected wrong labels, as returned by :func:`alft.report.suspects` for the same runs.
    """
    doubtful = [] if suspects is None else lines_of(suspects)
    sets = [] if budgets is None else lines_of(budgets)
    pairs = [] if contrasts is None else lines_of(contrasts)
    broken = {} if suspects is None else suspects.attrs.get(BROKEN, {})
    skipped = {} if contrasts is None else contrasts.attrs.get(LEFT_OUT, {})
    found = []
    for _, group in table.groupby(GROUP, sort=False):
        lines = lines_of(group)
        shown = choose(lines, arms)
        if shown:
            fingerprint = lines[0]["fingerprint"]
            left_out = not_shown(lines, shown, arms, skipped.get(fingerprint, {}))
            names = {line["arm"] for line in shown}
            by_labels = [one for one in sets if all(one[key] == lines[0][key] for key in GROUP) and one["arm"] in names]
            more = (*budgets_sheet(by_labels), *suspects_sheet([one for one in doubtful if one["fingerprint"] == fingerprint]))
            section = _section(lines, shown, left_out, [pair for pair in pairs if _belongs(pair, lines[0], arms)], more)
            told = (*table.attrs.get(NOT_READ, {}).get(fingerprint, ()), *told_broken(broken.get(fingerprint, ())))
            found.append(replace(section, remarks=(*section.remarks, *told)))
    return found


def _belongs(pair: Line, first: Line, arms: Sequence[str]) -> bool:
    """Whether a pair is of a group, and one of its arms is asked for."""
    return all(pair[key] == first[key] for key in GROUP) and bool(choose([pair, {**pair, "arm": pair["other"]}], arms))


def _section(
    lines: list[Line], shown: list[Line], left_out: tuple[str, ...], pairs: list[Line], more: tuple[Sheet, ...]
) -> Section:
    first = lines[0]
    tested = any(line["test_f1"] is not None for line in lines)
    remark = 'There is no test set, so scores on test, and differences in them, are "-".'
    untested = [] if tested or any(line["diverged"] for line in lines) else [remark]
    group = {line["arm"]: line for line in lines}
    findings = {line["arm"]: tuple(sentences_on(line, group, tested)) for line in shown}
    return Section(
        title=_title(first),
        shared=f"All arms share: {shared([json.loads(line['settings']) for line in lines]) or 'no setting'}.",
        left_out=left_out,
        sheets=(
            *_sheets(shown),
            *more,
            *savings_sheet(shown),
            *_controls_sheet(shown),
            *contrasts_sheet(pairs),
            *_settings_sheet(lines, shown),
        ),
        controls=_controls(first),
        findings={arm: sentences for arm, sentences in findings.items() if sentences},
        remarks=tuple(untested + sentences_on_group(shown)),
    )


def _title(line: Line) -> str:
    """Name, size of the pool and fingerprint of a group."""
    pool = f"pool of {line['pool']:.0f}"
    if line["folds"] is not None:
        pool = f"{line['folds']:.0f} fold{'' if line['folds'] == 1 else 's'}, {pool.replace('of', 'of about')}"
    return f"{line['name']}, {pool} ({line['fingerprint'][:8]})"


def _sheets(lines: list[Line]) -> Iterator[Sheet]:
    """The sheets that every group has; verdicts come after the scores."""
    known = {name for name, key in OF_SOME.items() if any(line[key] is not None for line in lines)}
    for title, columns in SHEETS.items():
        yield sheet_of(title, {name: cell for name, cell in columns.items() if name not in OF_SOME or name in known}, lines)
        if title == SCORES:
            yield from verdict_sheets(lines)


def _settings_sheet(lines: list[Line], shown: list[Line]) -> list[Sheet]:
    """The settings in which the arms of a group differ, in full, unless their names say all."""
    settings = {line["arm"]: json.loads(line["settings"]) for line in lines}
    keys = varying(list(settings.values()))
    words = {arm: [phrase(key, of[key]) for key in keys if of.get(key) is not None] for arm, of in settings.items()}
    if all(phrased in arm for arm, phrases in words.items() for phrased in phrases):
        return []
    rows = tuple((line["arm"], ", ".join(words[line["arm"]])) for line in shown)
    return [Sheet("What the arms differ in", ("arm", "settings"), rows, words=2)]


def _controls(line: Line) -> str:
    """The controls on all labels, which are those of every arm, as far as they were measured."""
    names = [name for name in CONTROLS if line[control_key(name, False)] is not None]
    if not names:
        return "Controls on test were not measured."
    figures = [f"{in_words(name, False)} {figure(control_key(name, False), '.3f')(line)}" for name in names]
    return f"Controls on test: {'; '.join(figures)}."


def _controls_sheet(lines: list[Line]) -> list[Sheet]:
    """The sheet of controls on the labels that each arm bought, if runs have them."""
    keys = {words: control_key(name, True) for name, words in CONTROLS.items()}
    known = {words: key for words, key in keys.items() if any(line[key] is not None for line in lines)}
    columns = {words.replace(" + ", "\n+ "): figure(key, ".3f") for words, key in known.items()}
    return [sheet_of("Controls on the labels bought, test macro-F1", columns, lines)] if columns else []
