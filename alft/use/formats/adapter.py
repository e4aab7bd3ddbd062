"""The LoRA adapter alone, as a peft folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from transformers import PreTrainedTokenizerBase

from alft.models.backbone import locate
from alft.models.classifier import Classifier
from alft.models.head import First
from alft.system.subclasses import path_of
from alft.task.base import Unit
from alft.use.formats.base import CUT, Format, Written

USE = """\
```python
from peft import AutoPeftModelFor{network}
from transformers import AutoTokenizer, pipeline

model = AutoPeftModelFor{network}.from_pretrained(
    {folder}, num_labels={classes}, id2label={names}, ignore_mismatched_sizes=True{problem}
)
tokenizer = AutoTokenizer.from_pretrained({folder})
classify = pipeline("{pipeline}", model=model.merge_and_unload(), tokenizer=tokenizer)
classify(["a text", "another text"]{options})
```

This is an adapter: the base model is read from `{base}`, as `adapter_config.json` says."""


NETWORK: dict[Unit, str] = {"text": "SequenceClassification", "word": "TokenClassification"}


class Adapter(Format):
    """Adapters and head; whoever loads them needs the base model, and no head of alft."""

    library: ClassVar[str] = "peft"

    def check(self, lora: Mapping[str, Any] | None, head: str) -> None:
        """Refuse a model without adapters, or with layers that would be in no file."""
        if lora is None:
            raise ValueError("export: --adapter needs a model with LoRA (--model.lora.r 8), and this one has none")
        if head != path_of(First):
            raise ValueError(
                "export: --adapter needs model.head First: whoever loads an adapter has the base model with the head of "
                "transformers; leave out --adapter for the whole model"
            )
        if not lora["train_pooler"]:
            raise ValueError(
                "export: --adapter needs model.lora.train_pooler true: a pooler that was drawn afresh and left frozen "
                "is in no adapter; leave out --adapter for the whole model"
            )

    def write(self, model: Classifier, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
        """Write what peft saves."""
        network: Any = model.network
        network.save_pretrained(folder)
        tokenizer.save_pretrained(folder)

    def describe(self, model: Classifier, tokenizer: PreTrainedTokenizerBase, folder: str) -> Written:
        """Base model and adapter, merged into a pipeline."""
        names = model.label_names
        use = USE.format(
            folder=json.dumps(folder),
            classes=len(names),
            names=dict(enumerate(names)),
            problem="" if model.task.problem_type is None else f", problem_type={json.dumps(model.task.problem_type)}",
            network=NETWORK[model.task.unit],
            pipeline=model.task.pipeline,
            options=", truncation=True, top_k=None" if model.task.unit == "text" else "",
            base=locate(model.hparams["backbone"]),
        )
        return Written(use, CUT[model.task.unit].format(tokenizer.model_max_length))
