"""Summaries of artificial runs, for the tests of reports: a pool of 100 labels, scores and curves as given."""

import itertools
import json

import numpy as np
import pandas as pd

from alft.report import as_markdown, compare, contrasts
from alft.system.earlier import grouped_settings

SETTINGS = {
    "backbone": "tiny-bert",
    "lora": None,
    "lr": 0.001,
    "batch_size": 8,
    "precision": "32-true",
    "acquire": "Entropy",
    "budget": "Constant(share=0.3)",
    "mode": "recalculate",
    "max_unique": None,
    "cluster": "Ward(clusters=4)",
    "warm_start": 0.0,
}
BASELINE = {"acquire": None, "budget": "Full", "cluster": "Whole"}
RANDOM = {"acquire": "Random"}
CURVE = ((30, 0.4), (30, 0.5), (60, 0.6), (70, 0.7))
WHOLE = ((100, 0.5), (100, 0.6), (100, 0.7), (100, 0.65))  # four epochs, as many as in CURVE
NUMBERS = itertools.count()


def write_run(
    root, seed=0, test=0.7, curve=CURVE, predicted=(40, 60), name="tiny", fingerprint="f" * 64, pays=0.6, more=None, **settings
):
    """A run folder that holds a summary of a pool of 100 labels and nothing else."""
    epochs = [
        {
            "epoch": epoch,
            "share": 0.3,
            "selected": 30,
            "bought": bought,
            "val_f1_macro": f1,
            "seconds": dict.fromkeys(("train", "score", "cluster", "select", "validate"), 1.0),
        }
        for epoch, (bought, f1) in enumerate(curve)
    ]
    counts = None if test is None else dict(zip(("negative", "positive"), predicted, strict=True))
    summary = {
        "name": name,
        "seed": seed,
        "fingerprint": fingerprint,
        "settings": grouped_settings({**SETTINGS, **settings}),
        "test": {"f1_macro": test, "accuracy": test, "loss": None, "predicted": counts},
        "validation": {"f1_macro": curve[-1][1]},
        "labels": {"pool": 100, "bought": curve[-1][0], "unique_saving": 1 - curve[-1][0] / 100, "exposure_saving": 0.7},
        "seconds": {"total": 10.0 + seed},
        "memory_mib": 512.0,
        "break_even": None if settings.get("acquire", "") is None else pays,
        "controls": {"majority_f1": 0.333, "tfidf_f1": 0.61},
        "epochs": epochs,
        **(more or {}),
    }
    folder = root / f"run_{next(NUMBERS):04}"
    folder.mkdir(parents=True)
    (folder / "summary.json").write_text(json.dumps(summary))
    return folder


def write_study(root, seeds=5, **more):
    """Baseline, random selection and entropy, in which entropy beats random selection and is level with the baseline.

    Both buy as many labels in each epoch, as they do in accumulate mode.
    """
    more = {"mode": "accumulate", **more}
    noise = np.random.default_rng(3).normal(0, 0.01, size=(3, seeds))
    for seed in range(seeds):
        write_run(root, seed, 0.70 + noise[0, seed], WHOLE[1:], **{**more, **BASELINE})
        write_run(root, seed, 0.60 + noise[1, seed], ((30, 0.3), (60, 0.5), (70, 0.55 + noise[1, seed])), **{**more, **RANDOM})
        write_run(root, seed, 0.70 + noise[2, seed], ((30, 0.4), (60, 0.6), (70, 0.7 + noise[2, seed])), **more)


def line(table, arm):
    """The one line of an arm."""
    (found,) = table[table["arm"] == arm].to_dict("records")
    return found


def text_of(root):
    """The report as Markdown, in which no sentence is broken."""
    return as_markdown(compare(root), contrasts(root))


def sentences_of(root, arm):
    """What the report says of an arm, sentence by sentence."""
    _, after = text_of(root).split(f"\n- {arm}:\n")
    return [told.removeprefix("  - ") for told in itertools.takewhile(lambda told: told.startswith("  - "), after.splitlines())]


def write_predictions(folder, labels, predicted, names=("negative", "positive")):
    """``predictions.parquet`` of a run folder, with probabilities that nothing reads."""
    columns = {"split": ["test"] * len(labels), "row": range(len(labels)), "label": labels, "predicted": predicted}
    table = pd.DataFrame({**columns, **{f"probability_{name}": 0.5 for name in names}})
    held_back = table.assign(split="validation", predicted=list(labels))
    pd.concat([held_back, table]).to_parquet(folder / "predictions.parquet", index=False)


def rows(seed, count=200, names=("negative", "positive")):
    """True labels, which do not depend on the seed, and predictions of which some are wrong."""
    truth = np.random.default_rng(0).choice(names, size=count, p=[0.3, 0.7])
    random = np.random.default_rng(seed)
    return truth, np.where(random.random(count) < 0.2, random.choice(names, size=count), truth)
