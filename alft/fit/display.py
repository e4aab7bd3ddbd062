"""Tables shown to the user: the plan before training, the result after it."""

from typing import Any

from rich.table import Table

from alft.selection.ledger import STAGES
from alft.selection.plan import Plan
from alft.system.control_names import known_figures
from alft.system.visible import visible

DIVERGED = "it has diverged in training, and a lower model.lr may help"


def plan_table(plan: Plan, pool: int) -> Table:
    """Planned sizes by epoch."""
    table = Table(title=f"Plan: {len(plan.sizes)} epochs, {pool} labelled rows", title_justify="left")
    for name in ("epoch", "share", plan.unit, "labels bought" if plan.unit == "rows" else "words bought"):
        table.add_column(name, justify="right")
    for epoch, (share, size, (least, most)) in enumerate(zip(plan.shares, plan.sizes, plan.bought, strict=True)):
        table.add_row(str(epoch), f"{share:.3f}", str(size), str(most) if least == most else f"{least} to {most}")
    return table


def result_table(summary: dict[str, Any]) -> Table:
    """Summary of the run: labels, savings, scores, controls, seconds."""
    table = Table(title=f"{visible(summary['name'])}: result", title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    labels, seconds, words = summary["labels"], summary["seconds"], summary["labels"].get("words")
    selected = [record["selected"] for record in summary["epochs"]]
    table.add_row("rows selected, by epoch", " ".join(str(size) for size in selected))
    table.add_row("labels bought", f"{labels['bought']} of {labels['pool']}")
    if labels["skipped"]:
        table.add_row("of them without an answer", str(labels["skipped"]))
    table.add_row("unique saving (labels never bought)", f"{labels['unique_saving']:.1%}")
    table.add_row("exposure saving (training not done)", f"{labels['exposure_saving']:.1%}", end_section=words is None)
    if words is not None:
        table.add_row("words bought", f"{words['bought']} of {words['pool']}")
        table.add_row("unique saving in words", f"{words['unique_saving']:.1%}")
        table.add_row("exposure saving in words", f"{words['exposure_saving']:.1%}", end_section=True)
    table.add_row("validation macro-F1", _score(summary["validation"]["f1_macro"]))
    table.add_row("test macro-F1", _score(summary["test"]["f1_macro"]))
    if "f1_micro" in summary["test"]:
        table.add_row("test micro-F1", _score(summary["test"]["f1_micro"]))
    for control, score in known_figures(summary["controls"]).items():
        table.add_row(control, _score(score))
    table.add_section()
    for stage in STAGES:
        table.add_row(f"seconds: {stage}", f"{seconds[stage]:.1f}")
    table.add_row("seconds: total", f"{seconds['total']:.1f}")
    return table


def on_divergence(summary: dict[str, Any]) -> list[str]:
    """A sentence on a run whose model diverged, if it did."""
    epoch = summary["diverged"]
    if epoch is None:
        return []
    ends = f"the outputs of the model are not finite from epoch {epoch} on, so that training ended with it"
    return [f"{ends}; {DIVERGED}"]


def _score(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
