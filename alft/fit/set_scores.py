"""The callback that measures the test set at the end of each set, for the books alone."""

import torch
from lightning import Callback, Trainer
from torch import Tensor

from alft.data.pool import TextPool
from alft.data.tokens import Tokens
from alft.loop.progress import stage
from alft.loop.scoring import gather
from alft.models.classifier import Classifier
from alft.selection.chunks import chunk_tokens, make_chunks
from alft.system.undisturbed import undisturbed


class SetScores(Callback):
    """With ``data.test_each_set``, records macro-F1 on test of the weights that each set ends with.

    The figures go to the ledger, and from there to ``summary.json``. No setting can refer to them: neither monitors nor
    selections see them.
    """

    def on_train_epoch_end(self, trainer: Trainer, pl_module: Classifier) -> None:  # type: ignore[override]  # ours, always
        """Measure after the last epoch of a set."""
        data: TextPool = trainer.datamodule  # type: ignore[attr-defined]  # set by fit, unknown to the type checker
        epoch, test = trainer.current_epoch, data.corpus.test
        assert data.plan is not None
        ends = epoch + 1 == data.plan.epochs or data.plan.is_new(epoch + 1)
        if data.test_each_set and ends and test is not None and data.test_tokens is not None:
            chosen = pl_module.task.choose(outputs(trainer, pl_module, data.test_tokens))
            predicted = data.test_tokens.by_text(chosen, pl_module.task.fill)
            data.ledger.tested[epoch] = data.corpus.task.macro_f1(test.labels, predicted)


def outputs(trainer: Trainer, model: Classifier, tokens: Tokens) -> Tensor:
    """Outputs for each text or word (N, C), on every process; modes and random state of the model stay as they are."""
    rows = torch.arange(len(tokens.lengths))
    chunks = make_chunks(tokens.lengths, rows, chunk_tokens(model.device.type))
    mine = chunks[trainer.global_rank :: trainer.world_size]
    outputs_NC = torch.zeros(tokens.lines, model.task.outputs)
    context = trainer.precision_plugin.forward_context
    with stage(trainer, model, "Testing", len(mine)) as advance, undisturbed(model, model.device), torch.no_grad(), context():
        model.eval()
        for chunk in mine:
            batch = {name: tensor.to(model.device) for name, tensor in tokens.batch(chunk.tolist()).items()}
            outputs_BC: Tensor = model(batch)
            outputs_NC[tokens.lines_of(chunk)] = outputs_BC.float().cpu()
            advance()
    return gather(trainer, outputs_NC)
