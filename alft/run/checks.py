"""Which command lines cannot end well? Each is refused in one sentence as soon as it is parsed."""

from typing import Any


def refuse_fit_settings(settings: Any) -> None:
    """Refuse what the Trainer would change, or refuse in words that name nothing the user typed.

    Args:
        settings: The parsed settings of ``fit``.
    """
    if settings.trainer.max_epochs is None:  # the Trainer would put 1000 in its place
        raise ValueError(
            "trainer.max_epochs must be given, because the budget is spread over the epochs; try --trainer.max_epochs 8"
        )
    if settings.trainer.barebones:
        raise ValueError("trainer.barebones cannot be used, it switches off the books that a run keeps")
    if settings.test_on == "best" and settings.trainer.enable_checkpointing is False:
        raise ValueError("test_on best needs checkpoints, but trainer.enable_checkpointing is false")
