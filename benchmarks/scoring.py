"""Cost of scoring a pool, against transformers' own ``Trainer.predict`` with full and dynamic padding."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoTokenizer, DataCollatorWithPadding, TrainingArguments
from transformers import Trainer as ReferenceTrainer

from alft.data.pool import TextPool
from alft.loop.scoring import score_pool
from alft.models.backbone import locate
from alft.models.classifier import Classifier
from alft.selection.chunks import CHUNK_TOKENS, make_chunks
from alft.selection.embedding import MeanTokens
from alft.selection.probabilities import mean_entropy
from benchmarks.material import Material, silent_trainer, train
from benchmarks.measure import Row, at_least, at_most, in_turn, ratio_of_medians, ratio_of_minima, seconds

BATCH = 8
"""Default batch size of ``Trainer.predict``."""


def rows(material: Material) -> Iterator[Row]:
    """All rows about scoring."""
    for name in ("slovak", "turkish"):
        data = material.pool(name, material.encoder)
        torch.manual_seed(0)  # of the new head
        model = Classifier(material.encoder, data.label_names)
        reference = _Reference(model, data, material.folder)
        yield from _against_reference(material, name, data, model, reference)
        if name == "slovak":
            yield from _with_epinet(material, data, model)
            yield from _picked_in_bf16(material, data, model)


def _against_reference(
    material: Material, name: str, data: TextPool, model: Classifier, reference: "_Reference"
) -> Iterator[Row]:
    trainer, real, label = silent_trainer(), int(data.lengths.sum()), material.label(name)
    chunks = make_chunks(data.lengths, torch.arange(len(data.lengths)), CHUNK_TOKENS["cpu"])
    fill = real / sum(len(chunk) * int(data.lengths[chunk].max()) for chunk in chunks)
    yield at_least(f"share of real tokens in the batches, {label}, {len(data.lengths)} texts", 0.95, fill)

    found: dict[str, Tensor] = {}
    ours, dynamic, *in_bf16 = in_turn(
        lambda: found.update(ours=score_pool(trainer, model, data).probs_KNC[0]),
        lambda: found.update(theirs=reference.predict(padded=False)),
        *([lambda: score_pool(trainer, model, data, precision="bf16")] if name == "slovak" else []),
        times=material.times(3),
    )
    padded = [seconds(lambda: reference.predict(padded=True))]
    if in_bf16:
        speed = 1 / ratio_of_medians(in_bf16[0], padded)
        yield at_least(f"bf16 scoring, {label}, times faster than float32 padded to {data.max_length}", 10, speed)
    for kind, theirs, tokens, least in (
        (f"padded to {data.max_length}", padded, data.max_length * len(data.lengths), 4.0),
        ("dynamic padding", dynamic, reference.dynamic_tokens(), 2.0),
    ):
        asked = 0.9 * tokens / real
        asked = max(asked, least) if name == "slovak" else asked
        speed = 1 / ratio_of_medians(ours, theirs)
        yield at_least(f"float32 scoring, {label}, times faster than Trainer.predict, {kind}", asked, speed)
    gap = float((found["ours"] - found["theirs"]).abs().max())
    yield at_most(f"largest difference of a probability from unsorted batches, {label}", 1e-5, gap)
    feeding = min(seconds(lambda: [data.pool_batch(chunk.tolist()) for chunk in chunks]) for _ in range(3))
    yield at_most(f"batches from the cache, share of scoring, {label}", 0.01, feeding / min(ours))


def _with_epinet(material: Material, data: TextPool, plain: Classifier) -> Iterator[Row]:
    trainer, epinet = silent_trainer(), Classifier(material.encoder, data.label_names, uncertainty="epinet")
    one, ten = in_turn(
        lambda: score_pool(trainer, plain, data),
        lambda: score_pool(trainer, epinet, data, passes=10, embedding=MeanTokens()),
        times=material.times(5),
    )
    yield at_most("10 epinet draws and embeddings, against scoring without them", 1.05, ratio_of_minima(ten, one))


def _picked_in_bf16(material: Material, data: TextPool, model: Classifier) -> Iterator[Row]:
    trainer, label = silent_trainer(), material.label("slovak")
    _teach(model, data, epochs=material.times(8))
    exact, rough = (score_pool(trainer, model, data, precision=kind).probs_KNC for kind in ("float32", "bf16"))
    found = torch.bincount(exact[0].argmax(-1), minlength=model.task.outputs).tolist()
    told = f" (the model takes {' and '.join(map(str, found))} of the texts for its classes)"
    best, rough_best = (mean_entropy(probs).sort(descending=True, stable=True).indices.tolist() for probs in (exact, rough))
    for share in (0.1, 0.3, 0.6):
        count = round(share * len(best))
        overlap = len(set(best[:count]) & set(rough_best[:count])) / count
        what = f"rows picked from bf16 scores that float32 picks too, {label}, best {share:.0%}"
        yield at_least(what, 0.98, overlap, told)


def _teach(model: Classifier, data: TextPool, epochs: int) -> None:
    """Train until the model separates the classes: otherwise its scores are nearly equal, and rounding reorders them.

    Uses as many texts of each class as the rarest has: on all of an imbalanced set, the model would predict only the majority
    after these few epochs.
    """
    labels_N = torch.tensor(data.corpus.pool.labels)
    least = int(labels_N.bincount().min())
    rows = torch.cat([(labels_N == label).nonzero().squeeze(1)[:least] for label in range(model.task.outputs)])
    torch.manual_seed(0)  # of the dropout
    with torch.autocast("cpu", torch.bfloat16):
        train(model, data, rows, lr=1e-4, epochs=epochs)


class _Reference:
    """The same network with transformers' Trainer, over the same texts in the order of the pool."""

    def __init__(self, model: Classifier, data: TextPool, folder: Path) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(locate(data.tokenizer))
        encoded = self.tokenizer(data.texts, truncation=True, max_length=data.max_length)
        self.examples = [{"input_ids": ids} for ids in encoded["input_ids"]]
        self.max_length = data.max_length
        self.network: Any = model.network
        self.folder = folder

    def dynamic_tokens(self) -> int:
        """Number of tokens computed when each batch is padded to its longest text."""
        lengths = [len(example["input_ids"]) for example in self.examples]
        batches = [lengths[start : start + BATCH] for start in range(0, len(lengths), BATCH)]
        return sum(len(batch) * max(batch) for batch in batches)

    def predict(self, padded: bool) -> Tensor:
        """Probabilities (N, C)."""
        padding = {"padding": "max_length", "max_length": self.max_length} if padded else {"padding": True}
        arguments = TrainingArguments(
            str(self.folder), per_device_eval_batch_size=BATCH, use_cpu=True, report_to=[], disable_tqdm=True
        )
        trainer = ReferenceTrainer(self.network, arguments, data_collator=DataCollatorWithPadding(self.tokenizer, **padding))
        logits = trainer.predict(self.examples).predictions  # type: ignore[arg-type]  # a list is a dataset
        return torch.from_numpy(logits).softmax(-1)
