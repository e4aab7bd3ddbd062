"""Writes the model card of an adapted encoder: what went in, what it changed, and how to repeat it."""

import json
from dataclasses import dataclass
from typing import Any

from alft import __version__
from alft.adapt.place import TAGS
from alft.system.visible import code, markdown

USE = """\
```bash
python -m alft fit --model.backbone {shell} --data.source DATA
```

```python
from transformers import AutoModel, AutoModelForMaskedLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained({folder})
encoder = AutoModel.from_pretrained({folder})
model = AutoModelForMaskedLM.from_pretrained({folder})
```"""


@dataclass(frozen=True)
class Perplexity:
    """Perplexity on the texts held out: exp of the mean cross-entropy per masked token; and how many texts these are."""

    before: float
    after: float
    texts: int

    def __str__(self) -> str:
        return f"{self.before:.2f} before, {self.after:.2f} after (on {self.texts} texts held out)"


@dataclass(frozen=True)
class Contents:
    """What a card says.

    Attributes:
        name: Title.
        backbone: The encoder that was adapted.
        parts: A line on each source.
        counts: What was counted of the texts, by name.
        perplexity: Before and after.
        remarks: What was added to the encoder, and texts left out.
        settings: All settings, as typed.
        command: The whole command.
    """

    name: str
    backbone: str
    parts: list[str]
    counts: dict[str, Any]
    perplexity: Perplexity
    remarks: list[str]
    settings: dict[str, Any]
    command: str


def adapted_card(contents: Contents, folder: str) -> str:
    """The text of README.md."""
    perplexity = contents.perplexity
    sections = {
        "Use": USE.format(shell=folder, folder=json.dumps(folder)),
        "Texts": "\n".join(
            [
                *(f"- {code(part)}" for part in contents.parts),
                *(f"- {markdown(name)}: {value}" for name, value in contents.counts.items()),
                *(f"- {markdown(remark)}" for remark in contents.remarks),
            ]
        ),
        "Perplexity": f"On {perplexity.texts} texts held out, with the same masks: {perplexity.before:.2f} before and "
        f"{perplexity.after:.2f} after. It compares states of one encoder, not encoders of different vocabularies.",
        "Settings": "\n".join(
            [
                "| setting | |",
                "| --- | --- |",
                *(f"| {markdown(name)} | {markdown(str(value))} |" for name, value in contents.settings.items()),
                f"\n```bash\n{contents.command}\n```",
            ]
        ),
    }
    head = f"---\nlibrary_name: transformers\npipeline_tag: fill-mask\n{TAGS}\n---\n# {markdown(contents.name)}\n\n"
    head += f"{code(contents.backbone)}, trained further as a masked language model with alft {__version__}.\n"
    return head + "".join(f"\n## {title}\n\n{text}\n" for title, text in sections.items())
