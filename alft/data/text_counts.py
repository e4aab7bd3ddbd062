"""Remarks on texts that are cut or repeated, printed before training."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

from alft.data.tokens import Tokens


class TextCounts(TypedDict):
    """Counts of dropped, cut and repeated texts, stored in ``summary.json``.

    Attributes:
        blank: Train rows dropped because their text was blank.
        cut: Texts longer than ``data.max_length``, by split.
        lost: Words without a token of their own, by split: cut off, or of characters that the tokenizer drops or joins to the
            word before. Not there where texts have labels.
        repeated: Texts that also occur in another split, by the split whose score they inflate.
    """

    blank: int
    cut: dict[str, int]
    lost: NotRequired[dict[str, int]]
    repeated: dict[str, int]


ELSEWHERE = {"validation": "the pool", "test": "the pool or the validation set"}


def count_texts(tokens: Mapping[str, Tokens | None], blank: int, repeated: dict[str, int]) -> TextCounts:
    """Counts of the texts of a run.

    Args:
        tokens: Texts by split; None for one that is not there.
        blank: Train rows dropped because their text was blank.
        repeated: Texts that also occur in another split.
    """
    there = {split: held for split, held in tokens.items() if held is not None}
    counts: TextCounts = {"blank": blank, "cut": {split: held.cut for split, held in there.items()}, "repeated": repeated}
    lost = {split: held.words.lost for split, held in there.items() if held.words is not None}
    return {**counts, "lost": lost} if lost else counts


def remarks_on_texts(counts: TextCounts, max_length: int) -> list[str]:
    """One line for texts that are cut, and a warning for each split with leakage.

    >>> remarks_on_texts({"blank": 0, "cut": {"pool": 2, "test": 0}, "repeated": {"validation": 0, "test": 1}}, max_length=128)
    ['texts longer than data.max_length 128 are cut: 2 in pool, 0 in test',
     'warning: texts of the test set that are also in the pool or the validation set (leakage): 1; its score flatters']
    """
    lines = []
    if any(counts["cut"].values()):
        said = ", ".join(f"{count} in {split}" for split, count in counts["cut"].items())
        lines.append(f"texts longer than data.max_length {max_length} are cut: {said}")
    lost = counts.get("lost", {})
    if any(lost.values()):
        said = ", ".join(f"{count} in {split}" for split, count in lost.items())
        lines.append(f"words cut off, or without a token of their own, get the tag O: {said}")
    for split, count in counts["repeated"].items():
        if count:
            others = ELSEWHERE[split]
            lines.append(f"warning: texts of the {split} set that are also in {others} (leakage): {count}; its score flatters")
    return lines
