"""What does it cost to score a pool? Against transformers' own ``Trainer.predict``, with full and with dynamic padding."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoTokenizer, DataCollatorWithPadding, TrainingArguments
from transformers import Trainer as ReferenceTrainer

from alft.data.pool import TextPool
from alft.loop.scoring import CHUNK_TOKENS, make_chunks, score_pool
from alft.models.backbone import locate
from alft.models.classifier import Classifier
from alft.selection.embedding import MeanTokens
from alft.selection.probabilities import mean_entropy
from benchmarks.material import encoder, pool, silent_trainer, train
from benchmarks.measure import Row, at_least, at_most, in_turn, ratio_of_medians, ratio_of_minima, seconds

BATCH = 8
"""The default of ``Trainer.predict``."""


def rows(folder: Path) -> Iterator[Row]:
    """All rows about scoring."""
    backbone = encoder()
    for name in ("slovak", "turkish"):
        data = pool(name, backbone, folder)
        model = Classifier(backbone, data.label_names)
        reference = _Reference(model, data, folder)
        yield from _against_reference(name, data, model, reference)
        if name == "slovak":
            yield from _in_bf16(data, _with_opinions(model, data), reference)
            yield from _with_epinet(data, model, Classifier(backbone, data.label_names, uncertainty="epinet"))


def _against_reference(name: str, data: TextPool, model: Classifier, reference: "_Reference") -> Iterator[Row]:
    trainer, real = silent_trainer(), int(data.lengths.sum())
    chunks = make_chunks(data.lengths, torch.arange(len(data.lengths)), CHUNK_TOKENS["cpu"])
    fill = real / sum(len(chunk) * int(data.lengths[chunk].max()) for chunk in chunks)
    yield at_least(f"share of real tokens in the batches, {name}, {len(data.lengths)} texts", 0.95, fill)

    found: dict[str, Tensor] = {}
    ours, dynamic = in_turn(
        lambda: found.update(ours=score_pool(trainer, model, data).probs_KNC[0]),
        lambda: found.update(theirs=reference.predict(padded=False)),
    )
    reference.padded_seconds = seconds(lambda: reference.predict(padded=True))
    for kind, theirs, tokens in (
        ("padded to 128", [reference.padded_seconds], 128 * len(data.lengths)),
        ("dynamic padding", dynamic, reference.dynamic_tokens()),
    ):
        speed, asked = 1 / ratio_of_medians(ours, theirs), 0.9 * tokens / real
        if name == "slovak":
            asked = max(asked, 4.0 if kind == "padded to 128" else 2.0)
        yield at_least(f"float32 scoring, {name}, times faster than Trainer.predict, {kind}", asked, speed)
    gap = float((found["ours"] - found["theirs"]).abs().max())
    yield at_most(f"largest difference of a probability from unsorted batches, {name}", 1e-5, gap)
    feeding = min(seconds(lambda: [data.pool_batch(chunk.tolist()) for chunk in chunks]) for _ in range(3))
    yield at_most(f"batches from the cache, share of scoring, {name}", 0.01, feeding / min(ours))


def _in_bf16(data: TextPool, model: Classifier, reference: "_Reference") -> Iterator[Row]:
    trainer = silent_trainer()
    (times,) = in_turn(lambda: score_pool(trainer, model, data, precision="bf16"))
    speed = 1 / ratio_of_medians(times, [reference.padded_seconds])
    yield at_least("bf16 scoring, slovak, times faster than padded float32", 10, speed)
    exact, rough = (
        mean_entropy(score_pool(trainer, model, data, precision=kind).probs_KNC)
        .sort(descending=True, stable=True)
        .indices.tolist()
        for kind in ("float32", "bf16")
    )
    for share in (0.1, 0.3, 0.6):
        count = round(share * len(exact))
        overlap = len(set(exact[:count]) & set(rough[:count])) / count
        yield at_least(f"rows picked from bf16 scores that float32 picks too, best {share:.0%}", 0.98, overlap)


def _with_epinet(data: TextPool, plain: Classifier, epinet: Classifier) -> Iterator[Row]:
    trainer = silent_trainer()
    one, ten = in_turn(
        lambda: score_pool(trainer, plain, data),
        lambda: score_pool(trainer, epinet, data, passes=10, embedding=MeanTokens()),
        times=5,
    )
    yield at_most("10 epinet draws and embeddings, against scoring without them", 1.05, ratio_of_minima(ten, one))


def _with_opinions(model: Classifier, data: TextPool) -> Classifier:
    """A model that has learnt something: the scores of others are all alike, and any rounding reorders them."""
    with torch.autocast("cpu", torch.bfloat16):
        return train(model, data, torch.arange(len(data.lengths)), lr=1e-4, epochs=3)


class _Reference:
    """The same network under transformers' Trainer, over the same texts in the order of the pool."""

    def __init__(self, model: Classifier, data: TextPool, folder: Path) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(locate(data.tokenizer))
        encoded = self.tokenizer(data.texts, truncation=True, max_length=128)
        self.examples = [{"input_ids": ids} for ids in encoded["input_ids"]]
        self.network: Any = model.network
        self.folder = folder
        self.padded_seconds = 0.0

    def dynamic_tokens(self) -> int:
        """Tokens computed when each batch is padded to its own longest text."""
        lengths = [len(example["input_ids"]) for example in self.examples]
        batches = [lengths[start : start + BATCH] for start in range(0, len(lengths), BATCH)]
        return sum(len(batch) * max(batch) for batch in batches)

    def predict(self, padded: bool) -> Tensor:
        """Probabilities (N, C)."""
        padding = {"padding": "max_length", "max_length": 128} if padded else {"padding": True}
        arguments = TrainingArguments(
            str(self.folder), per_device_eval_batch_size=BATCH, use_cpu=True, report_to=[], disable_tqdm=True
        )
        trainer = ReferenceTrainer(self.network, arguments, data_collator=DataCollatorWithPadding(self.tokenizer, **padding))
        logits = trainer.predict(self.examples).predictions  # type: ignore[arg-type]  # a list is a dataset
        return torch.from_numpy(logits).softmax(-1)
