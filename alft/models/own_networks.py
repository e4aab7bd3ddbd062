"""Registers the networks with a head of alft with the Auto classes of transformers.

It runs as soon as these are imported, possibly in the middle of an import of alft: what is imported here needs nothing else
of alft, and imports no Auto class of models itself.
"""

from transformers import AutoConfig, AutoModelForSequenceClassification, AutoModelForTokenClassification

from alft.models.own_head import PooledConfig
from alft.models.pooled import PooledClassifier
from alft.models.windowed import WindowedClassifier

AutoConfig.register(PooledConfig.model_type, PooledConfig)
AutoModelForSequenceClassification.register(PooledConfig, PooledClassifier)
AutoModelForTokenClassification.register(PooledConfig, WindowedClassifier)
