"""Tells after each set what further labels promise, and ends the run where the rule of the user says so."""

from lightning import Trainer

from alft.loop.scoring import Pool
from alft.selection.policy import Policy
from alft.system.terminal import show


def advises_end(trainer: Trainer, pool: Pool, policy: Policy) -> bool:
    """Show the advice after the set that has just ended, and decide on all processes as the first one does.

    Nothing is shown after an epoch that ends no set, and in runs that choose nothing.

    Returns:
        Whether the run ends here; the Trainer is then told to stop.
    """
    plan, ledger = pool.plan, pool.ledger
    assert plan is not None
    advice = policy.advise(plan, ledger)
    if not any(plan.decides) or not advice or advice[-1].epoch != trainer.current_epoch:
        return False
    may_end = trainer.current_epoch + 1 >= (trainer.min_epochs or 0)
    reason: str | None = trainer.strategy.broadcast(policy.stop_reason(plan, ledger) if may_end else None)
    if trainer.is_global_zero:
        show(advice[-1].sentence, *([f"the run ends: {reason}"] if reason else []))
    trainer.should_stop = trainer.should_stop or reason is not None
    return reason is not None
