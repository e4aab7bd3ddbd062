"""In which run folder does this command work? In a new one, or in that of the run that it continues."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch.utilities import rank_zero_only

from alft.record.folder import RunFolder, claim_new
from alft.record.resume import RUN, Resumed, find_run, how_to_go_on, refuse_other_settings


class Workspace:
    """The run folder of one command.

    The first process claims it, and hands the path to those that Lightning starts later in an environment variable.
    """

    def __init__(self) -> None:
        """Start without a folder."""
        self.resumed: Resumed | None = None
        self.held: RunFolder | None = None
        self.path = Path()

    @property
    def checkpoint(self) -> Path | None:
        """Where a continued run continues from; None for a new one."""
        return self.resumed.checkpoint if self.resumed else None

    def find(self, asked: str, root: str, name: str, settings: Mapping[str, Any]) -> bool:
        """Find the run to continue, and make sure that it would be the same run; return whether there is one.

        Args:
            asked: ``last``, or the checkpoint.
            root: Folder of all runs.
            name: Name of the run.
            settings: As they would be written to ``config.yaml``.

        Raises:
            ValueError: It cannot go on, or would not be the same; the sentence says why.
        """
        self.resumed = find_run(asked, root, name, is_first_process())
        if self.resumed is None:
            return False
        self.held = self.resumed.folder
        refuse_other_settings(settings, self.resumed.path)
        return True

    def claim(self, root: str | Path, name: str) -> None:
        """Take the folder of the continued run, or a new one."""
        if self.resumed is not None:
            self.path = self.resumed.path
        elif is_first_process():
            self.held = claim_new(root, name)
            self.path = self.held.path
        else:
            self.path = Path(os.environ.get(RUN, Path(root, name, "elsewhere")))
        os.environ[RUN] = str(self.path.absolute())

    def release(self) -> None:
        """Let go of the folder."""
        os.environ.pop(RUN, None)
        if self.held is not None:
            self.held.release()

    def how_to_go_on(self, args: Sequence[str]) -> str:
        """What to type after the command was stopped."""
        return how_to_go_on(self.held.path if self.held else None, args)


def is_first_process() -> bool:
    """Whether this process speaks for the run, where there are several."""
    return getattr(rank_zero_only, "rank", 0) == 0
