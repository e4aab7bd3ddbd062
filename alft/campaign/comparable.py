"""Which fits of a campaign make one curve of scores by labels (rule ours): those with the settings of the newest one.

Another encoder, another recipe or more epochs move the score as well, which would be taken for an effect of labels. The newest
fit is the newest that has a score. Of several fits with one number of labels the newest counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alft.campaign.fits import Fit
from alft.system.excerpt import listed

CHOOSING = ("acquire", "cluster", "embedding", "recluster", "allocate", "scoring_precision")
"""Settings of the selection that say what ``ask`` chooses, and that a fit on all its labels does not use itself."""


@dataclass(frozen=True)
class Curve:
    """The fits that are compared, and those that are not.

    Attributes:
        scores: Macro-F1 by number of labels.
        others: Number of fits with other settings than the newest.
        differing: Names of the settings in which they differ, in alphabetical order.
        older: Number of fits in whose place a newer one with as many labels counts.
    """

    scores: dict[int, float]
    others: int = 0
    differing: tuple[str, ...] = ()
    older: int = 0

    @property
    def sentence(self) -> str:
        """What is left out and why; empty if nothing is."""
        left_out = []
        if self.others:
            left_out.append(f"{self.others} with other settings than the newest ({listed(list(self.differing))})")
        if self.older:
            left_out.append(f"{self.older} in whose place a newer one with as many labels counts")
        fits = "1 fit" if len(self.scores) == 1 else f"{len(self.scores)} fits"
        return f"curve and forecast: of {fits}; left out: {' and '.join(left_out)}" if left_out else ""


def curve_of(fits: Sequence[Fit]) -> Curve:
    """The curve of the newest fit.

    Args:
        fits: Finished fits, oldest first; those without a score are no part of anything.
    """
    scored = [(fit, _shaping(fit.trained)) for fit in fits if fit.validation_f1 is not None]
    if not scored:
        return Curve({})
    newest = scored[-1][1]
    differences = [(fit, _differing(settings, newest)) for fit, settings in scored]
    same = [fit for fit, differing in differences if not differing]
    scores = {fit.labels: fit.validation_f1 for fit in same if fit.validation_f1 is not None}
    names = sorted({name for _, differing in differences for name in differing})
    return Curve(scores, len(scored) - len(same), tuple(names), len(same) - len(scores))


def _shaping(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that shape the score of a fit: all, except what chooses where nothing is chosen."""
    unused = CHOOSING if settings.get("budget") == "Full" else ()
    return {name: value for name, value in settings.items() if name not in unused}


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> set[str]:
    """Names of settings with other values; one that is missing, as in a run of another version, is null."""
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}
