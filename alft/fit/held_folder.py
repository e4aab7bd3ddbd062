"""Keeps the run folder of a Trainer made in Python locked until its run ends."""

from lightning import Callback, LightningModule, Trainer

from alft.record.workspace import Workspace


class HeldFolder(Callback):
    """Releases the folder when training fails; otherwise :func:`alft.fit.finish.finish` does, after writing the last files.

    Args:
        workspace: Holds the folder.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Release the folder, so that another process can resume the run."""
        self.workspace.release()
