"""Determines the run folder of a command: a new one, or that of the run it resumes."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch.utilities import rank_zero_only

from alft.record.checkpoints import read_best
from alft.record.folder import RunFolder, claim_new
from alft.record.resume import RUN, Resumed, find_run, how_to_go_on, refuse_other_settings


class Workspace:
    """The run folder of one command.

    The first process claims it, and passes the path to those that Lightning starts later in an environment variable.
    """

    def __init__(self) -> None:
        """Start without a folder."""
        self.resumed: Resumed | None = None
        self.held: RunFolder | None = None
        self.path = Path()

    @property
    def checkpoint(self) -> Path | None:
        """Checkpoint of a resumed run; None for a new run."""
        return self.resumed.checkpoint if self.resumed else None

    def find(self, asked: str, root: str, name: str, settings: Mapping[str, Any]) -> bool:
        """Find the run to resume, and check that the settings match it; return whether there is one.

        Args:
            asked: ``last``, or the checkpoint.
            root: Folder of all runs.
            name: Name of the run.
            settings: As they would be written to ``config.yaml``.

        Raises:
            ValueError: The run cannot be resumed, or the settings differ; the message says why.
        """
        self.resumed = find_run(asked, root, name, is_first_process())
        if self.resumed is None:
            return False
        self.held = self.resumed.folder
        refuse_other_settings(settings, self.resumed.path)
        if settings.get("test_on") == "best" and is_first_process():  # it may be days until it is needed
            read_best(self.resumed.path)
        return True

    def claim(self, root: str | Path, name: str) -> None:
        """Use the folder of the resumed run, or claim a new one."""
        if self.resumed is not None:
            self.path = self.resumed.path
        elif is_first_process():
            self.held = claim_new(root, name)
            self.path = self.held.path
        else:
            self.path = Path(os.environ.get(RUN, Path(root, name, "elsewhere")))
        os.environ[RUN] = str(self.path.absolute())

    def release(self) -> None:
        """Release the folder."""
        os.environ.pop(RUN, None)
        if self.held is not None:
            self.held.release()

    def how_to_go_on(self, args: Sequence[str]) -> str:
        """The command line that continues or restarts the stopped command."""
        held = self.held.path if self.held else None
        return how_to_go_on(held if is_first_process() else self.path, args)


def is_first_process() -> bool:
    """Whether this is the first of possibly several processes of the run."""
    return getattr(rank_zero_only, "rank", 0) == 0
