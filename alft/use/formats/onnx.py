"""An ONNX graph from tokens to probabilities, whatever the head, with an epinet in it; needs no torch to run."""

import importlib.util
import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from alft.models.classifier import Classifier
from alft.selection.embedding import MeanTokens
from alft.selection.seeds import generator
from alft.system.quiet import silenced
from alft.task.base import Unit
from alft.use.formats.base import Format, Written
from alft.use.formats.transformers import merged

GRAPH = "model.onnx"
LABELS = "labels.json"
PACKAGES = ("onnx", "onnxscript", "onnxruntime")

MOST_DIFFERENCE = 1e-5
"""Largest difference between the probabilities of the graph and those of the model."""

USE = """\
```python
import json
import numpy as np
import onnxruntime
from tokenizers import Tokenizer

tokenizer = Tokenizer.from_file({folder} + "/tokenizer.json")
tokenizer.enable_truncation({max_length})
tokenizer.enable_padding(pad_id={pad_id}, pad_token={pad_token})
encoded = tokenizer.encode_batch(["a text", "another text"])
inputs = {{"input_ids": np.array([e.ids for e in encoded]), "attention_mask": np.array([e.attention_mask for e in encoded])}}
probabilities = onnxruntime.InferenceSession({folder} + "/{graph}").run(None, inputs)[0]
{shown}
```"""

SHOWN: dict[Unit, str] = {
    "text": 'print([dict(zip(json.load(open({folder} + "/{labels}")), row.tolist())) for row in probabilities])',
    "word": """\
names = json.load(open({folder} + "/{labels}"))
print([list(zip(e.tokens, [names[i] for i in row.argmax(axis=-1)])) for e, row in zip(encoded, probabilities)])""",
}


class Onnx(Format):
    """One file for onnxruntime, with the tokenizer and the names of the classes beside it."""

    library: ClassVar[str] = "onnx"
    keeps_epinet: ClassVar[bool] = True

    def check(self, lora: Mapping[str, Any] | None, head: str) -> None:
        """Refuse to begin without the packages that write and check the graph."""
        missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
        if missing:
            raise ValueError(f"export: --format onnx needs the package {missing[0]}; try: pip install 'alft[onnx]'")

    def write(self, model: Classifier, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
        """Trace the model with a free number of texts and tokens, and compare the graph with it."""
        folder.mkdir()
        tokenizer.save_pretrained(folder)
        if not (folder / "tokenizer.json").is_file():
            raise ValueError("export: --format onnx needs a tokenizer.json, which the tokenizer of this model does not have")
        graph = Probabilities(model).eval()
        _trace(graph, folder / GRAPH, _batch(tokenizer, [9, 5]))
        (folder / LABELS).write_text(json.dumps(model.label_names, ensure_ascii=False), encoding="utf-8")
        longest = min(tokenizer.model_max_length, 512)
        _compare(graph, folder / GRAPH, _batch(tokenizer, [longest, max(1, longest // 2), 1]))

    def describe(self, model: Classifier, tokenizer: PreTrainedTokenizerBase, folder: str) -> Written:
        """Ten lines with onnxruntime and tokenizers."""
        use = USE.format(
            shown=SHOWN[model.task.unit].format(folder=json.dumps(folder), labels=LABELS),
            folder=json.dumps(folder),
            max_length=tokenizer.model_max_length,
            pad_id=tokenizer.pad_token_id,
            pad_token=json.dumps(tokenizer.pad_token),
            graph=GRAPH,
        )
        return Written(use, f"`enable_truncation` cuts texts at {tokenizer.model_max_length} tokens, as in training.")


class Probabilities(nn.Module):
    """Tokens (B, L) -> class probabilities (B, C), or (B, L, C) of words, as ``predict`` gives them."""

    def __init__(self, model: Classifier) -> None:
        super().__init__()
        self.network = merged(model)
        self.epinet = model.epinet
        self.task = model.task
        if model.epinet is not None:
            self.index_KZ: Tensor
            self.register_buffer("index_KZ", model.epinet.fixed_index(model.draw_count(0)))

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Probabilities of a batch; with an epinet their mean over its draws."""
        states = self.epinet is not None
        output = self.network(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=states)
        logits: Tensor = output.logits
        if self.epinet is not None:
            hidden_BLD = output.hidden_states[-1]
            if self.task.unit == "text":
                additions = self.epinet(MeanTokens()(hidden_BLD, attention_mask), self.index_KZ)
            else:
                additions = self.epinet(hidden_BLD.flatten(0, 1), self.index_KZ).unflatten(1, hidden_BLD.shape[:2])
            logits = self.task.average(logits + additions)
        return self.task.probabilities(logits)


def _batch(tokenizer: PreTrainedTokenizerBase, lengths: list[int]) -> tuple[Tensor, Tensor]:
    """Any tokens, in rows of these lengths, padded."""
    mask_BL = torch.tensor([[int(place < length) for place in range(max(lengths))] for length in lengths])
    ids_BL = torch.randint(5, len(tokenizer), mask_BL.shape, generator=generator("onnx"))
    return torch.where(mask_BL == 1, ids_BL, tokenizer.pad_token_id or 0), mask_BL


def _trace(graph: Probabilities, path: Path, batch: tuple[Tensor, Tensor]) -> None:
    free = {0: torch.export.Dim("texts"), 1: torch.export.Dim("tokens")}
    with silenced("torch.onnx", "onnxscript", "torch"), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about names of axes, and what torch deprecates in its own code
        torch.onnx.export(
            graph,
            batch,
            path,
            input_names=["input_ids", "attention_mask"],
            output_names=["probabilities"],
            dynamic_shapes={"input_ids": free, "attention_mask": free},
            dynamo=True,
            verbose=False,
            external_data=_size(graph) > 1_800_000_000,  # a file of ONNX holds at most 2 GB
        )


def _size(graph: nn.Module) -> int:
    return sum(weights.numel() * 4 for weights in graph.parameters())


def _compare(graph: Probabilities, path: Path, batch: tuple[Tensor, Tensor]) -> None:
    """Refuse a graph that computes something else."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = ("input_ids", "attention_mask")
    found = session.run(None, {name: tensor.numpy() for name, tensor in zip(names, batch, strict=True)})[0]
    with torch.no_grad():
        expected = graph(*batch).numpy()
    difference = float(np.abs(found - expected).max())
    if not difference <= MOST_DIFFERENCE:
        raise ValueError(
            "export: --format onnx cannot be used with this encoder, its graph gives other probabilities "
            f"(by {difference:.2g}); leave --format out"
        )
