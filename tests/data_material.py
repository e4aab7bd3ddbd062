"""Shared by the tests of data as people bring them: rows, files of every format, and the label of every text read."""

import json
from pathlib import Path

import pandas as pd

from alft.data.corpus import Corpus

WORDS = ("dobrá", "slabá", "nová", "dlhá", "krátka", "veselá", "smutná", "pekná", "tichá", "hlasná")


def rows(count: int = 40) -> list[tuple[str, str]]:
    return [(f"{WORDS[i % 10]} kniha číslo {i}", ("neg", "pos")[i % 2]) for i in range(count)]


def written(name: str, records: list, **options) -> str:
    """A file with these texts and labels, in the format of its ending."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame([{"text": text, "label": label} for text, label in records])
    if path.suffix == ".parquet":
        table.to_parquet(path)
    elif path.suffix in (".json", ".jsonl"):
        content = table.to_dict(orient="records")
        lines = [json.dumps(record, ensure_ascii=False) for record in content]
        path.write_text("\n".join(lines) if path.suffix == ".jsonl" else json.dumps(content))
    else:
        table.to_csv(path, index=False, **{"sep": "\t" if path.suffix == ".tsv" else ",", **options})
    return name


def labels_of(corpus: Corpus) -> dict[str, str | None]:
    """Label name of every text, whatever set it is in."""
    found = {}
    for rows in (corpus.pool, corpus.validation, corpus.test):
        for text, label in zip(rows.texts, rows.labels, strict=True) if rows else ():
            found[text] = None if label < 0 else corpus.label_names[label]
    return found
