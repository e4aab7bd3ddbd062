"""Writes the gallery of selections: a page for each acquisition of alft, with what it picks and what runs with it reached.

Nothing is typed twice: texts come from docstrings, gains from the runs in results/selections, and pictures from the selection
itself on a small pool.
"""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import torch
from docstrings import arguments, paragraphs
from matplotlib.figure import Figure
from sklearn.linear_model import LogisticRegression
from torch import Tensor

import alft
from alft import Ledger, Policy, Scores, Whole
from alft.report import budgets
from alft.selection.acquisition import Acquisition, Margin
from alft.selection.budget import Constant
from alft.selection.combined import Mixture, Switch
from alft.selection.typiclust import TypiClust
from alft.system.subclasses import subclasses

RUNS = Path(__file__).parent.parent / "results" / "selections" / "runs"

GREY, BLACK, ORANGE, BLUE = "#bbbfc6", "#1a1a1a", "#e76300", "#3f90da"
"""Of Petroff's colours (arXiv 2107.02270), which differ with any kind of colour vision."""

POINTS, LABELLED, PICKED, DRAWS = 260, 14, 20, 20

PARTS = re.compile(r" (?=Needs |Use it |Costs |Source: )")
"""Where a docstring goes on with what an acquisition needs, when to use it, what it costs, and where it is from."""

FIT = "python -m alft fit --model.backbone xlm-roberta-base --data.source reviews.csv"

CARD = """:::{{grid-item-card}} {name}
:link: {name}
:link-type: doc
:img-top: {name}.png
:img-alt: picks of {name}

{about}
:::"""

EXAMPLES = {
    "Switch": Switch(first=TypiClust(), then=Margin(), at=20),
    "Mixture": Mixture(a=TypiClust(), b=Margin(), share=0.5),
}
"""Values of those that have settings without a default."""


def pool() -> tuple[Tensor, Tensor, Tensor]:
    """Points (N, 2) of two classes with a few outliers, their classes (N,), and the rows that have a label already."""
    generator = torch.Generator().manual_seed(3)
    centres = torch.tensor([[-1.6, -0.6], [-0.6, 1.2], [1.5, 0.2]])
    part = torch.randint(3, (POINTS,), generator=generator)
    points_ND = centres[part] + 0.55 * torch.randn(POINTS, 2, generator=generator)
    points_ND[:6] = torch.tensor([[3.4, 2.3], [3.1, -2.1], [-3.6, 1.9], [-3.3, -2.4], [0.2, -2.6], [0.4, 3.0]])
    return (
        points_ND,
        (points_ND[:, 0] + 0.4 * points_ND[:, 1] > 0.4).long(),
        torch.randperm(POINTS, generator=generator)[:LABELLED],
    )


def draws(points_ND: Tensor, classes_N: Tensor, labelled: Tensor) -> Tensor:
    """Class probabilities (K, N, 2) of regressions on parts of the labelled points, which stand for draws of a model."""
    generator, found = torch.Generator().manual_seed(0), []
    while len(found) < DRAWS:
        rows = labelled[torch.randint(LABELLED, (LABELLED,), generator=generator)]
        if len(classes_N[rows].unique()) == 2:
            model = LogisticRegression(C=3).fit(points_ND[rows].numpy(), classes_N[rows].numpy())
            found.append(torch.from_numpy(model.predict_proba(points_ND.numpy())).float())
    return torch.stack(found)


def picked(acquire: Acquisition) -> list[int]:
    """Rows that an acquisition picks beside the labelled ones."""
    points_ND, classes_N, labelled = pool()
    ledger = Ledger(torch.ones(POINTS, dtype=torch.bool))
    ledger.first_used_N[labelled] = 0
    policy = Policy(budget=Constant(count=PICKED), cluster=Whole(), acquire=acquire, mode="unseen")
    scores = Scores(draws(points_ND, classes_N, labelled), points_ND, points_ND)
    chosen: list[int] = policy.select(0, policy.plan(1, POINTS), ledger, scores).selection.rows.tolist()
    return chosen


def picture(acquire: Acquisition, path: Path) -> None:
    """Draw what is picked, beside the pool and the border of the model."""
    points_ND, classes_N, labelled = pool()
    chosen = picked(acquire)
    figure = Figure(figsize=(5.2, 3.9), layout="constrained")
    axes = figure.subplots()
    for rows, colour, marker, size, name in (
        (range(POINTS), GREY, "o", 14, "texts"),
        (labelled.tolist(), BLACK, "s", 26, "labelled before"),
        (chosen, ORANGE, "^", 42, "picked"),
    ):
        axes.scatter(*points_ND[list(rows)].T, c=colour, marker=marker, s=size, label=name)
    grid = torch.linspace(-4, 4, 200)
    mesh = torch.cartesian_prod(grid, grid)
    model = LogisticRegression(C=3).fit(points_ND[labelled].numpy(), classes_N[labelled].numpy())
    heights = torch.from_numpy(model.predict_proba(mesh.numpy())[:, 1]).view(200, 200).T
    axes.contour(grid, grid, heights, levels=[0.5], colors=BLUE, linestyles="--")
    axes.set(xlim=(-4, 4), ylim=(-3.2, 3.4), xticks=[], yticks=[])
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    figure.savefig(path, dpi=110)


def flags(setting: str, acquire: Acquisition) -> Iterator[str]:
    """What to type for an acquisition."""
    yield f"--{setting} {type(acquire).__name__}"
    for field in fields(acquire):  # type: ignore[arg-type]  # acquisitions are dataclasses
        value = getattr(acquire, field.name)
        if isinstance(value, Acquisition):
            yield from flags(f"{setting}.{field.name}", value)
        elif "MISSING" in repr(field.default):
            yield f"--{setting}.{field.name} {value}"


def gains(name: str) -> list[str]:
    """A table of what runs with this strategy reached, beside random selection at the same number of labels."""
    lines = budgets(RUNS)
    own = lines[lines["arm"] == name]
    if not len(own):
        return ["Not measured in the [comparison of selections](../../selections.md)."]
    rows = ["| data | labels | test macro-F1 | points to random selection, with 95 % interval |", "|---|---|---|---|"]
    for line in own.to_dict("records"):
        points = [100 * line[f"random_{figure}"] for figure in ("difference", "low", "high")]
        shown = "" if name == "Random" else f"{points[0]:+.1f} [{points[1]:+.1f}, {points[2]:+.1f}]"
        rows.append(f"| {line['name']} | {line['bought']} of {line['pool']} | {line['test_f1']:.3f} | {shown} |")
    return [
        "Mean of three seeds with the default recipe, without clusters, each set trained from the pretrained weights "
        "(`results/selections/maltese.yaml`, `turkish.yaml`; Switch at 60 labels; [what can be said](../../selections.md); "
        "`python -m alft report results/selections/runs`):",
        "\n".join(rows),
    ]


def strategy(kind: type[Acquisition], folder: Path) -> None:
    """The page of one strategy."""
    name = kind.__name__
    acquire = EXAMPLES.get(name) or kind()
    picture(acquire, folder / f"{name}.png")
    first, *rest = paragraphs(kind)
    alt = f"{PICKED} of {POINTS} points that {name} picks, beside {LABELLED} points labelled before and the border of the model"
    typed = str(acquire)
    blocks = [
        f"# {name}",
        first,
        f"```{{figure}} {name}.png\n:alt: {alt}\n:width: 520px\n\n"
        f"`{typed}` picks {PICKED} of {POINTS} points. Dashed: where the regression that scores them is undecided.\n```",
        "\n".join(f"- {part}" for text in rest for part in PARTS.split(text)),
        f"```bash\n{FIT} {' '.join(flags('active.acquire', acquire))}\n```",
        "\n".join(arguments(kind, "active.acquire")),
        "## Measured",
        *gains(name),
    ]
    (folder / f"{name}.md").write_text("\n\n".join(block for block in blocks if block) + "\n", encoding="utf-8")


def strategies(folder: Path) -> None:
    """A page for each acquisition of alft, and their index."""
    folder.mkdir(parents=True, exist_ok=True)
    named = [getattr(alft, name) for name in dir(alft)]  # imports every module of selections
    kinds = [kind for kind in subclasses(Acquisition) if kind in named]
    for kind in kinds:
        strategy(kind, folder)
    names = sorted(kind.__name__ for kind in kinds)
    cards = [
        CARD.format(name=kind.__name__, about=paragraphs(kind)[0]) for kind in sorted(kinds, key=lambda kind: kind.__name__)
    ]
    grid = "\n".join(["::::{grid} 2 2 3 3", ":gutter: 2", *cards, "::::"])
    toc = "\n".join(["```{toctree}", ":hidden:", *names, "```"])
    intro = (
        "All on one small pool of points, with the same regression in place of a model. Each page has the formula, what it "
        "needs and costs, and, for eight of them, what runs with it reached. How to choose among them: "
        "[Choose a selection](../../choose.md)."
    )
    (folder / "index.md").write_text(f"# Gallery of selections\n\n{intro}\n\n{grid}\n\n{toc}\n", encoding="utf-8")
