"""Writes the model card of an export, in the format of the Hugging Face hub."""

from dataclasses import dataclass
from typing import Any

from alft import __version__
from alft.models.classifier import Classifier
from alft.system.control_names import known_figures
from alft.system.earlier import grouped_settings
from alft.system.excerpt import listed
from alft.system.visible import code, markdown
from alft.use.formats.base import Format, Written

TAGS = "tags: [alft, active-learning]"
"""Line that identifies an export of alft."""

EPINET = """\
The model was trained with an epinet, and alft predicts with the mean over its draws. This folder holds mu, the model's own
classification head, without the epinet. {measured}"""


@dataclass(frozen=True)
class Provenance:
    """What is known about the run that produced the weights.

    Attributes:
        name: Title of the card.
        source: ``data.source`` as typed.
        bought: Labels bought up to these weights.
        summary: Summary of the run, if it is finished.
        tested: Whether the scores in the summary belong to these weights.
    """

    name: str = "alft"
    source: str | None = None
    bought: int | None = None
    summary: dict[str, Any] | None = None
    tested: bool = False


def model_card(
    model: Classifier, provenance: Provenance, kind: Format, written: Written, max_length: int, gap: float | None
) -> str:
    """The text of README.md.

    Args:
        model: The classifier.
        provenance: What is known about its run.
        kind: Format of the files.
        written: What the format says about them.
        max_length: Tokens per text.
        gap: For an epinet, the largest difference between alft's probabilities and the export's; None if not measured.
    """
    backbone, names = model.hparams["backbone"], model.label_names
    labels = markdown(listed([repr(name) for name in names], width=1000)) + model.task.about
    sections = {
        "Use": f"{written.use}\n\n{written.cut}",
        "Without the epinet": _without_epinet(gap) if model.epinet is not None and not kind.keeps_epinet else "",
        "Data and labels": _data(provenance),
        "Scores": _scores(provenance),
        "Settings": _settings(model, provenance, max_length),
    }
    head = f"---\nlibrary_name: {kind.library}\npipeline_tag: {model.task.pipeline}\n"
    head += f"{TAGS}\n---\n# {markdown(provenance.name)}\n\n"
    what = "A text classifier" if model.task.unit == "text" else "A tagger of words"
    head += f"{what} for the labels {labels}, fine-tuned from {code(backbone)} with alft {__version__}.\n"
    return head + "".join(f"\n## {title}\n\n{text}\n" for title, text in sections.items() if text)


def _without_epinet(gap: float | None) -> str:
    measured = "How much that changes was not measured: the validation texts were not at hand."
    if gap is not None:
        measured = f"Its probabilities on the validation texts differ from alft's by at most {gap:.4f}."
    return EPINET.format(measured=measured)


def _data(provenance: Provenance) -> str:
    lines = [f"- Data: {code(provenance.source)}"] if provenance.source else []
    if provenance.summary is None:
        return "\n".join([*lines, f"- Labels bought: {provenance.bought}"])
    labels = provenance.summary["labels"]
    lines += [
        f"- Fingerprint: {code(str(provenance.summary['fingerprint']))}",
        f"- Labels bought until these weights: {provenance.bought} of {labels['pool']}",
        f"- The whole run: {labels['unique_saving']:.1%} of the labels never bought (unique saving), "
        f"{labels['exposure_saving']:.1%} of the training not done (exposure saving)",
    ]
    return "\n".join(lines)


def _scores(provenance: Provenance) -> str:
    if provenance.summary is None or not provenance.tested or provenance.summary["test"]["f1_macro"] is None:
        return "These weights were not measured on a test set."
    test, controls = provenance.summary["test"], provenance.summary["controls"]
    rows = {
        "macro-F1": test["f1_macro"],
        **({"micro-F1": test["f1_micro"]} if "f1_micro" in test else {}),
        "accuracy": test["accuracy"],
        **{f"macro-F1, without fine-tuning: {words}": figure for words, figure in known_figures(controls).items()},
    }
    return _table("test set", {name: f"{value:.4f}" for name, value in rows.items()})


def _settings(model: Classifier, provenance: Provenance, max_length: int) -> str:
    kept = {name: value for name, value in model.hparams.items() if name != "label_names" and not name.startswith("_")}
    kept["max_length"] = max_length
    if provenance.summary is not None:
        for group in grouped_settings(provenance.summary["settings"]).values():
            kept |= group
        kept |= {"seed": provenance.summary["seed"], "epochs": len(provenance.summary["epochs"])}
    return _table("setting", kept)


def _table(title: str, rows: dict[str, Any]) -> str:
    return "\n".join(
        [f"| {title} | |", "| --- | --- |", *(f"| {markdown(name)} | {markdown(str(value))} |" for name, value in rows.items())]
    )
