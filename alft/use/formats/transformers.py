"""An ordinary Hugging Face folder; LoRA weights are merged, an epinet is left out."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

from peft import PeftModel
from transformers import PreTrainedTokenizerBase

from alft.models.classifier import Classifier
from alft.models.pooled import PooledClassifier
from alft.use.formats.base import CUT, Format, Written

USE = """\
```python
{first}from transformers import pipeline

classify = pipeline("text-classification", model={folder})
classify(["a text", "another text"], truncation=True, top_k=None)
```"""

NEEDS_ALFT = "import alft  # knows the head of this model; the folder contains no code\n"


class Transformers(Format):
    """Weights, config and tokenizer for ``from_pretrained`` and ``pipeline``."""

    def write(self, model: Classifier, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
        """Write the network with its adapters merged."""
        network = merged(model)
        network.config.problem_type = model.task.problem_type  # so that the pipeline uses the task's function for any labels
        network.save_pretrained(folder)
        tokenizer.save_pretrained(folder)

    def describe(self, model: Classifier, tokenizer: PreTrainedTokenizerBase, folder: str) -> Written:
        """A pipeline; a head of alft needs its import."""
        network: Any = model.network
        whole = network.get_base_model() if isinstance(network, PeftModel) else network
        first = NEEDS_ALFT if isinstance(whole, PooledClassifier) else ""
        return Written(USE.format(first=first, folder=json.dumps(folder)), CUT.format(tokenizer.model_max_length))


def merged(model: Classifier) -> Any:
    """The network without adapters: theirs are added to its weights, in a copy, since the run may go on with them."""
    network: Any = model.network
    return deepcopy(network).merge_and_unload() if isinstance(network, PeftModel) else network
