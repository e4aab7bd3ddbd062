"""An ordinary Hugging Face folder; LoRA weights are merged, an epinet is left out."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

from peft import PeftModel
from transformers import PreTrainedTokenizerBase

from alft.models.classifier import Classifier
from alft.models.own_head import PooledConfig
from alft.task.base import Unit
from alft.use.formats.base import CUT, Format, Written

USE: dict[Unit, str] = {
    "text": """\
```python
{first}from transformers import pipeline

classify = pipeline("text-classification", model={folder})
classify(["a text", "another text"], truncation=True, top_k=None)
```""",
    "word": """\
```python
{first}from transformers import pipeline

tag = pipeline("token-classification", model={folder}, aggregation_strategy="first")
tag(["words separated by spaces", "another text"])
```

`alft predict` gives each word between two spaces the tag of its first token; the pipeline finds words in its own way.""",
}

NEEDS_ALFT = "import alft  # knows the head of this model; the folder contains no code\n"


class Transformers(Format):
    """Weights, config and tokenizer for ``from_pretrained`` and ``pipeline``."""

    def write(self, model: Classifier, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
        """Write the network with its adapters merged."""
        network = merged(model)
        if model.task.problem_type is not None:
            network.config.problem_type = model.task.problem_type  # the pipeline uses the task's function for any labels
        network.save_pretrained(folder)
        tokenizer.save_pretrained(folder)

    def describe(self, model: Classifier, tokenizer: PreTrainedTokenizerBase, folder: str) -> Written:
        """A pipeline; a head of alft needs its import."""
        network: Any = model.network
        whole = network.get_base_model() if isinstance(network, PeftModel) else network
        first = NEEDS_ALFT if isinstance(whole.config, PooledConfig) else ""
        use = USE[model.task.unit].format(first=first, folder=json.dumps(folder))
        return Written(use, CUT[model.task.unit].format(tokenizer.model_max_length))


def merged(model: Classifier) -> Any:
    """The network without adapters: theirs are added to its weights, in a copy, since the run may go on with them."""
    network: Any = model.network
    return deepcopy(network).merge_and_unload() if isinstance(network, PeftModel) else network
