"""How the weights of a classifier begin: loaded and drawn, with a probe as last layer, and anew for another set."""

from typing import Any

import torch
from torch import Tensor

from alft.models.averaged import AveragedModule
from alft.models.epinet import Epinet
from alft.models.head import restored
from alft.models.lora import Lora
from alft.models.probe import rows_to_fit, start_last_layer, texts_to_fit
from alft.selection.chunks import chunk_tokens, make_chunks
from alft.selection.seeds import mix
from alft.system.earlier import head_settings
from alft.system.undisturbed import undisturbed


def arguments_of(recorded: dict[str, Any]) -> dict[str, Any]:
    """Arguments of the constructor of a classifier, from the hyperparameters that it records."""
    arguments = head_settings(recorded) | {name: value for name, value in recorded.items() if not name.startswith("_")}
    for name, kind in {"lora": Lora, "epinet": Epinet}.items():
        arguments[name] = None if arguments[name] is None else kind(**arguments[name])
    return arguments | {"head": restored(recorded.get("head"))}


def begin(model: AveragedModule, data: Any, *, anew: bool, seed: int) -> None:
    """Begin the weights for the rows bought so far; every process computes the same.

    Args:
        model: A Classifier in training, with its Trainer.
        data: Provides the rows bought, and their tokens.
        anew: Load and draw all weights again first, and forget the state of the optimizer.
        seed: Seed of what is drawn then.
    """
    if anew:
        _renew(model, seed)
    if model.hparams["head_start"] == "probe":
        _probe(model, data)


def _renew(model: AveragedModule, seed: int) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(mix(seed, "weights"))
        weights = type(model)(**arguments_of(dict(model.hparams))).state_dict()
    if model.average is not None:
        model.average.forget()
    model.load_state_dict(weights)
    for optimizer in model.trainer.optimizers:
        optimizer.state.clear()


def _probe(model: Any, data: Any) -> None:
    """Set the last layer to a regression on the rows bought, which all processes pass through in the same chunks."""
    rows, layer = data.bought(), model.output_layer
    if not len(rows):  # nobody has answered (data.skip)
        return
    if data.words_N is None:
        part = rows_to_fit(data.targets(rows), layer.in_features, layer.out_features)
    else:
        part = texts_to_fit(data.words_N[rows], layer.in_features, layer.out_features)
    rows = rows[part]
    chunks = make_chunks(data.lengths[rows], torch.arange(len(rows)), chunk_tokens(model.device.type))

    def batch(chunk: Tensor) -> Any:
        return model.transfer_batch_to_device(data.pool_batch(rows[chunk].tolist()), model.device, 0)

    balanced = model.hparams["class_weights"] == "balanced"
    with undisturbed(model, model.device):
        model.eval()
        start_last_layer(layer, map(batch, chunks), model.forward, data.targets(rows[torch.cat(chunks)]), balanced)
