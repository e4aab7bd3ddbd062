"""Finds the finished fits of a campaign among run folders."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alft.record.config_file import read_config
from alft.system.earlier import grouped_settings
from alft.system.json_file import read_json
from alft.system.run_files import CONFIG, SUMMARY, best_checkpoint, last_checkpoint


@dataclass(frozen=True)
class Fit:
    """A finished run on a campaign.

    Attributes:
        run: Its folder.
        labels: Training labels that were resolved when it began.
        validation_f1: Macro-F1 of the tested weights on the random sample; None after divergence.
        finished: Time of its end, in seconds since 1970.
        settings: Its config.
        trained: The settings that distinguish it from other runs, as in its summary, in one mapping.
    """

    run: Path
    labels: int
    validation_f1: float | None
    finished: float
    settings: dict[str, Any]
    trained: dict[str, Any]

    @property
    def checkpoint(self) -> Path:
        """The weights that it tested."""
        return (best_checkpoint if self.settings.get("test_on") == "best" else last_checkpoint)(self.run)


def fits_of(folder: Path, root: Path) -> list[Fit]:
    """Finished fits of a campaign, newest first.

    Args:
        folder: The campaign.
        root: Folder of runs; relative sources in their configs refer to the working directory.
    """
    ended = [(summary.stat().st_mtime, summary.parent) for summary in root.glob(f"*/version_*/{SUMMARY}")]
    found = (_fit(run, finished, folder.resolve()) for finished, run in sorted(ended, reverse=True))
    return [fit for fit in found if fit is not None]


def newest_fit(folder: Path, root: Path) -> Fit | None:
    """The newest finished fit of a campaign whose weights are there; None without one."""
    return next((fit for fit in fits_of(folder, root) if fit.checkpoint.is_file()), None)


def newest_checkpoint(folder: Path, root: Path) -> Path | None:
    """The weights of the newest finished fit of a campaign; None without one."""
    fit = newest_fit(folder, root)
    return None if fit is None else fit.checkpoint


def _fit(run: Path, finished: float, folder: Path) -> Fit | None:
    """The run as a fit of this campaign; None for another run, or one whose files were changed."""
    try:
        if folder.name not in (run / CONFIG).read_text(encoding="utf-8"):  # parsing is slow, and there may be many runs
            return None
        settings, summary = read_config(run), read_json(run / SUMMARY)
        if Path(settings["data"]["source"]).expanduser().resolve() != folder:
            return None
        if settings["data"].get("noise") or settings["data"].get("skip"):  # a rehearsal, with answers that nobody gave
            return None
        trained = {name: value for group in grouped_settings(summary["settings"]).values() for name, value in group.items()}
        return Fit(run, int(summary["labels"]["pool"]), summary["validation"]["f1_macro"], finished, settings, trained)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
