"""Cost of scoring sentences whose words have labels, against the passes of the network alone."""

import random
from collections.abc import Iterator

import torch

from alft.data.corpus import Corpus
from alft.data.pool import TextPool
from alft.data.rows import Rows
from alft.loop.scoring import score_pool
from alft.models.classifier import Classifier
from alft.selection.chunks import chunk_tokens, make_chunks
from alft.task.tags import Tags
from benchmarks.material import Material, silent_trainer
from benchmarks.measure import Row, at_most, in_turn, ratio_of_minima

SENTENCES = 10_000


def rows(material: Material) -> Iterator[Row]:
    """Seconds beside the plain pass, and the table."""
    data = _pool(material)
    model = Classifier(material.encoder, data.label_names, task=Tags.name)
    trainer = silent_trainer()
    chunks = make_chunks(data.lengths, torch.arange(len(data.lengths)), chunk_tokens("cpu"))

    def plain() -> None:
        with torch.no_grad():
            for chunk in chunks:
                model.network(**{name: data.pool_batch(chunk.tolist())[name] for name in ("input_ids", "attention_mask")})

    model.eval()
    ours, passes = in_turn(lambda: score_pool(trainer, model, data), plain, times=material.times(2))
    words = int(data.ledger.words_N.sum()) if data.ledger.words_N is not None else 0
    told = f"{len(data.lengths):,} sentences, {words:,} words"
    yield at_most(f"scoring {told}, against the network alone", 1.1, ratio_of_minima(ours, passes))
    table = 4 * words * model.task.outputs / 2**20
    yield at_most(f"table of {told}, MiB for each draw", 10, table)


def _pool(material: Material) -> TextPool:
    """Sentences of random words, a tenth of which are entities."""
    rng = random.Random(0)  # noqa: S311
    names = Tags.in_order(["B-LOC", "B-ORG", "B-PER"], None)
    vocabulary = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 8))) for _ in range(4000)]

    def drawn(size: int) -> Rows:
        counts = [rng.randint(8, 28) for _ in range(size)]
        texts = [" ".join(rng.choices(vocabulary, k=count)) for count in counts]
        return Rows(
            texts, [tuple(rng.choice((1, 3, 5)) if rng.random() < 0.1 else 0 for _ in range(count)) for count in counts]
        )

    data = TextPool(material.encoder, source="generated", task=Tags.name, max_length=material.longest)
    count = material.size(SENTENCES)
    data.corpus = Corpus(drawn(count), drawn(10), None, names, 0, task_name=Tags.name)
    data.setup("fit")
    return data
