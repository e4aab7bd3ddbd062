"""The control of docs/tags.md alone: strict F1 of a conditional random field on word shapes.

python results/tags/crf.py FOLDER [SENTENCES] [SPLIT]    # of the first train sentences; all and test by default
"""

import sys

from alft.controls.crf import crf_predictions, word_features
from alft.data.corpus import load_corpus
from alft.system.spans import spans_of
from alft.task.entities import EntityEvaluation, count_entities
from alft.task.sentences import words_in


def main(folder: str, count: str = "1000000", split: str = "test") -> None:
    """Fit, tag and print."""
    corpus = load_corpus(folder, task="tags", limit=int(count))
    rows = corpus.test if split == "test" else corpus.validation
    assert rows is not None
    train, new = ([word_features(words_in(text)) for text in held.texts] for held in (corpus.pool, rows))
    tags, truth = ([corpus.task.written(label) for label in held.labels] for held in (corpus.pool, rows))
    found = crf_predictions(train, tags, new, lambda: None)
    kinds = list(dict.fromkeys(name[2:] for name in corpus.label_names[1:]))
    counts = count_entities(map(spans_of, truth), map(spans_of, found), kinds)
    scores = EntityEvaluation(counts_T3=counts, kinds=kinds, words=1, right=0, loss=0.0)
    print(f"{len(corpus.pool)} sentences, {split}: micro-F1 {scores.f1_micro:.3f}, macro-F1 {scores.f1_macro:.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
