"""Remarks on texts that are cut or repeated, printed before training."""

from typing import TypedDict


class TextCounts(TypedDict):
    """Counts of dropped, cut and repeated texts, stored in ``summary.json``.

    Attributes:
        blank: Train rows dropped because their text was blank.
        cut: Texts longer than ``data.max_length``, by split.
        repeated: Texts that also occur in another split, by the split whose score they inflate.
    """

    blank: int
    cut: dict[str, int]
    repeated: dict[str, int]


ELSEWHERE = {"validation": "the pool", "test": "the pool or the validation set"}


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
    for split, count in counts["repeated"].items():
        if count:
            others = ELSEWHERE[split]
            lines.append(f"warning: texts of the {split} set that are also in {others} (leakage): {count}; its score flatters")
    return lines
