"""Writes the pages that are made from the code: the gallery, the settings of ``fit``, the help of each command, the notebooks.

python docs/generated.py FOLDER
"""

import contextlib
import io
import os
import re
import sys
from pathlib import Path

from docstrings import arguments, paragraphs, plain
from gallery import strategies

from alft import Epinet, Lora
from alft.cli.main import main
from alft.models.head import Head
from alft.selection.budget import Budget
from alft.selection.clustering import Clustering
from alft.selection.embedding import Embedding
from alft.selection.stopping import StopRule
from alft.system.subclasses import subclasses

ROOT = Path(__file__).parent.parent

LIKE_FIT = ["fit", "validate", "test"]
COMMANDS = [
    *(*LIKE_FIT, "predict", "export", "adapt"),
    *("open", "ask", "take", "close", "status"),
    *("grid", "rehearse", "report", "demo"),
]


def help_of(command: str) -> str:
    """What ``--help`` of a command prints."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        main([command, "--help"])
    return said.getvalue()


CLASSES: dict[type, str] = {
    Budget: "active.budget",
    Clustering: "active.cluster",
    Embedding: "active.embedding",
    StopRule: "active.stop",
    Head: "model.head",
    Lora: "model.lora",
    Epinet: "model.epinet",
}
"""Bases of values that have settings of their own."""

TOLD = re.compile(
    r" ?\((?P<required>required, )?(?:type: (?P<type>.*?))?(?:, )?(?:default: (?P<default>.*?))?"
    r"(?:, known subclasses: (?P<classes>.*))?\)$"
)
"""What ``--help`` says of a setting behind its meaning."""

BLOCKS = ("run", "data", "model", "active")


def row_of(name: str, told: str) -> str | None:
    """A row of the table of settings; None for what is no setting."""
    found = TOLD.search(told)
    if found is None or name == "config":
        return None
    meaning = re.sub(r"^(?:[A-Z][A-Z_0-9]*|\{[^}]*\}|\[[^\]]*\]) ", "", told[: found.start()]).strip()
    classes = ", ".join(path.rpartition(".")[2] for path in (found["classes"] or "").split(", "))
    kind = re.sub(r"<class '(\w+)'>", r"\1", found["type"] or "flag")
    default = re.sub(r"\{'class_path': '[\w.]*?(\w+)', 'init_args': \{\}\}", r"\1", found["default"] or "required")
    default = re.sub(r"\{'class_path': '[\w.]*?(\w+)', 'init_args': (\{.*?\})\}", r"\1 \2", default)
    cells = [f"`{name}`", meaning, f"{kind}: {classes}" if classes else kind, f"`{default}`"]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def settings(path: Path) -> None:
    """A table of the settings of ``fit`` that are alft's, block by block."""
    blocks: dict[str, list[str]] = {block: [] for block in BLOCKS}
    for entry in re.split(r"\n(?=  -)", help_of("fit"))[1:]:
        head, _, rest = entry.strip().partition(" ")
        name = head.removeprefix("--")
        block = name.split(".")[0] if "." in name else "run"
        row = row_of(name, plain(rest.split("\n\n")[0]))
        if row is not None and block in BLOCKS and not name.endswith(".help"):
            blocks[block].append(row)
    intro = (
        "What `python -m alft fit --help` says; the settings `trainer.*` are those of Lightning's Trainer. Where a value is a "
        "class, its own settings are [below](#values-with-settings-of-their-own), those of `active.acquire` in the "
        "[gallery](selections/index.md)."
    )
    text = ["# Settings of fit", intro]
    for block, rows in blocks.items():
        text += [f"## {block}", "\n".join(["| setting | meaning | values | default |", "|---|---|---|---|", *rows])]
    text.append("## Values with settings of their own")
    for base, setting in CLASSES.items():
        for kind in subclasses(base) or [base]:
            if kind.__module__.startswith("alft."):
                lines = "\n".join(arguments(kind, setting))
                text += [f"**`{setting}: {kind.__name__}`** {paragraphs(kind)[0]}", *([lines] if lines else [])]
    path.write_text("\n\n".join(text) + "\n", encoding="utf-8")


def commands(path: Path) -> None:
    """The help of every command."""
    text = [
        "# Commands",
        "What `python -m alft COMMAND --help` prints. The settings of `fit` are on [a page of their own](settings.md).",
    ]
    for command in COMMANDS:
        shown = help_of(command).partition("\nPool, validation set")[0] if command in LIKE_FIT else help_of(command)
        text += [f"## {command}", f"```text\n{shown.strip()}\n```"]
    path.write_text("\n\n".join(text) + "\n", encoding="utf-8")


def notebooks(folder: Path) -> None:
    """Copies of the notebooks, whose links to documents lead to the pages here."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        content = path.read_text(encoding="utf-8")
        (folder / path.name).write_text(content.replace("(../docs/", "(../../"), encoding="utf-8")


def write_all(folder: Path) -> None:
    """Write every page."""
    os.environ["COLUMNS"] = "100"
    folder.mkdir(parents=True, exist_ok=True)
    strategies(folder / "selections")
    settings(folder / "settings.md")
    commands(folder / "commands.md")
    notebooks(folder / "notebooks")


if __name__ == "__main__":
    write_all(Path(sys.argv[1]))
