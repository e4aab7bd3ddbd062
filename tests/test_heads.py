"""Heads: what they compute, that they load again, and that a new one is one file."""

import sys
from pathlib import Path

import pytest
import torch
import yaml
from torch import nn
from transformers import AutoModelForSequenceClassification, ModernBertConfig, ModernBertForSequenceClassification

from alft.cli.main import main
from alft.models.classifier import Classifier
from alft.models.head import First, Head, Mean, recorded, restored
from alft.models.lora import Lora
from alft.record.checkpoints import read_checkpoint
from alft.use.restore import load_classifier

from .conftest import Fit, shipped, summary_of
from .test_models import NAMES, batch_of, trained_names

MINE = '''
from dataclasses import dataclass

from torch import Tensor

from alft.models.head import Pooling


@dataclass(frozen=True)
class Highest(Pooling):
    """The largest value of each feature over the tokens."""

    def pool(self, hidden_BLD: Tensor, mask_BL: Tensor) -> Tensor:
        return hidden_BLD.masked_fill(mask_BL.unsqueeze(-1) == 0, float("-inf")).amax(1)
'''


def padded(batch: dict) -> dict:
    """The same texts with three positions of padding."""
    return {
        "input_ids": nn.functional.pad(batch["input_ids"], (0, 3), value=1),
        "attention_mask": nn.functional.pad(batch["attention_mask"], (0, 3)),
    }


@pytest.mark.parametrize("lora", [None, Lora(r=2)], ids=["full", "lora"])
@pytest.mark.parametrize("norm", [False, True])
def test_mean_is_the_mean_of_the_real_tokens(tiny_bert, norm, lora):
    model = Classifier(str(tiny_bert), NAMES, head=Mean(norm=norm, dropout=0.3), lora=lora).eval()
    batch = batch_of()
    output = model._run(batch, output_hidden_states=True)
    features = output.hidden_states[-1].mean(1)
    head = model.network if lora is None else model.network.base_model.model
    if norm:
        features = nn.functional.layer_norm(features, features.shape[-1:], head.text_norm.weight, head.text_norm.bias)
    torch.testing.assert_close(output.logits, head.classifier(features))
    torch.testing.assert_close(model._run(padded(batch)).logits, output.logits)
    assert head.dropout.p == 0.3


def test_the_encoder_below_a_mean_is_the_pretrained_one_without_its_pooler(tiny_bert):
    first, mean = Classifier(str(tiny_bert), NAMES, head=First()), Classifier(str(tiny_bert), NAMES)
    theirs = {name: weights for name, weights in first.network.bert.state_dict().items() if "pooler" not in name}
    ours = mean.network.encoder.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(weights, theirs[name]) for name, weights in ours.items())
    assert mean.network.config.id2label == {0: "negative", 1: "positive"}


def test_a_saved_network_loads_with_its_head(tiny_bert, tmp_path):
    network = Classifier(str(tiny_bert), NAMES, head=Mean(norm=True)).network.eval()
    network.save_pretrained(tmp_path)
    loaded = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    batch = {name: batch_of()[name] for name in ("input_ids", "attention_mask")}
    assert torch.equal(loaded(**batch).logits, network(**batch).logits)
    assert str(tiny_bert) not in (tmp_path / "config.json").read_text()


def test_an_architecture_with_a_pooling_of_its_own_uses_it():
    sizes = {"vocab_size": 60, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = ModernBertConfig(**sizes, pad_token_id=0, classifier_pooling="cls")
    network = ModernBertForSequenceClassification(config).eval()
    batch = {name: batch_of()[name] for name in ("input_ids", "attention_mask")}
    first = network(**batch).logits
    attached = Mean(dropout=0.2).attach(network)
    assert attached is network
    assert not torch.allclose(network(**batch).logits, first)
    assert network.drop.p == network.config.classifier_dropout == 0.2
    with pytest.raises(ValueError, match=r"model\.head\.norm cannot be used with modernbert"):
        Mean(norm=True).attach(network)


@pytest.mark.parametrize("kind", [kind for kind in shipped(Head) if "text" in kind.units])
def test_every_head_trains_and_loads_with_its_weights(fit: Fit, kind):
    run = fit("--model.head", kind.__name__, "--trainer.max_epochs", "1", "--model.uncertainty", "epinet")
    checkpoint = run / "checkpoints" / "last.ckpt"
    loaded = load_classifier(read_checkpoint(checkpoint))
    saved = torch.load(checkpoint, weights_only=True)["state_dict"]
    assert all(torch.equal(weights, saved[name]) for name, weights in loaded.state_dict().items())
    assert summary_of(run)["settings"]["model"]["head"].startswith(kind.__name__)
    assert main(["test", "--ckpt_path", str(checkpoint)]) == 0


@pytest.mark.parametrize("head", [First(), Mean(norm=True, dropout=0.0)])
def test_a_head_survives_its_record(head):
    assert restored(recorded(head)) == head
    assert restored(None) == First(), "versions without heads had transformers' own"


def test_a_head_that_was_not_imported_is_refused():
    with pytest.raises(ValueError, match=r"model\.head: os\.system is not known; import the module that defines it first"):
        restored({"class_path": "os.system", "init_args": {}})


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--model.head", "Maen"], "did you mean Mean?"),
        (["--model.head", "Mean", "--model.head.dropout", "1"], "model.head.dropout must be in [0, 1), got 1.0"),
        (["--model.head", "Mean", "--model.head.norm", "null"], "model.head.norm must be given, it cannot be null"),
    ],
)
def test_a_wrong_head_is_one_sentence(workplace, capsys, arguments, sentence):
    assert main(["fit", "--config", "configs/tiny.yaml", *arguments]) == 2
    assert sentence in capsys.readouterr().err


def test_a_new_head_is_one_file(fit: Fit, tmp_path, monkeypatch):
    Path(tmp_path, "mine.py").write_text(MINE)
    monkeypatch.syspath_prepend(tmp_path)
    try:
        run = fit(
            "--model.head", "mine.Highest", "--model.head.norm", "true", "--model.lora.r", "2", "--trainer.max_epochs", "1"
        )
        checkpoint = run / "checkpoints" / "last.ckpt"
        model = load_classifier(read_checkpoint(checkpoint))
        output = model._run(batch_of(), output_hidden_states=True)
        head = model.network.base_model.model
        expected = head.classifier(head.text_norm(output.hidden_states[-1].amax(1)))
        torch.testing.assert_close(output.logits, expected)
        assert summary_of(run)["settings"]["model"]["head"] == "Highest(norm=True, dropout=0.1)"
        assert main(["test", "--ckpt_path", str(checkpoint)]) == 0
    finally:
        sys.modules.pop("mine", None)


@pytest.mark.parametrize("head", ["Mean", "First"])
def test_an_exported_classifier_is_a_backbone_of_fits_and_controls(fit: Fit, head):
    fit("--model.lr", "0.01", "--model.head", "Mean", "--trainer.max_epochs", "1", "--export", "classifier")
    after = fit(
        "--model.backbone",
        "classifier",
        "--model.head",
        head,
        "--model.lr",
        "0",
        "--model.head_lr",
        "1e-4",
        "--controls",
        "all",
    )
    trained = AutoModelForSequenceClassification.from_pretrained("classifier").encoder.state_dict()
    found = AutoModelForSequenceClassification.from_pretrained("tiny-bert").bert.state_dict()
    held = read_checkpoint(after / "checkpoints" / "last.ckpt")["state_dict"]
    name = "encoder.layer.1.output.dense.weight"
    (kept,) = [value for key, value in held.items() if key.endswith(name)]
    assert torch.equal(kept, trained[name])
    assert not torch.equal(kept, found[name])
    assert summary_of(after)["controls"]["frozen_f1"] is not None


def test_a_head_that_is_no_dataclass_is_refused(tiny_bert):
    class Loose(Head):
        def attach(self, network):
            return network

    with pytest.raises(ValueError, match=r"model\.head must be an object of a dataclass below Head"):
        Classifier(str(tiny_bert), NAMES, head=Loose())


def test_what_is_trained_with_a_mean_and_adapters(tiny_bert):
    names = trained_names(Classifier(str(tiny_bert), NAMES, head=Mean(norm=True), lora=Lora(r=2)))
    assert {name.split(".")[3] for name in names} == {"encoder", "text_norm", "classifier"}
    assert {name for name in names if ".encoder." in name} == {name for name in names if "lora_" in name}


OLDER = ("head", "head_start", "head_lr", "layer_decay", "freeze_embeddings", "class_weights", "label_smoothing", "ema")
"""Settings of the model that versions without heads did not have."""


def without_heads(run: Path) -> None:
    """Turn a run of one epoch, with transformers' own head, into one of a version without heads."""
    config = yaml.safe_load((run / "config.yaml").read_text())
    config["model"] = {name: value for name, value in config["model"].items() if name not in OLDER}
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    checkpoint = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    for name in OLDER:
        checkpoint["hyper_parameters"].pop(name)
    torch.save(checkpoint, run / "checkpoints" / "last.ckpt")


def test_a_run_of_a_version_without_heads_keeps_its_own(fit: Fit, capsys):
    run = fit("--model.head", "First", "--model.head_start", "fresh", "--trainer.max_epochs", "1")
    without_heads(run)
    checkpoint = str(run / "checkpoints" / "last.ckpt")
    assert load_classifier(read_checkpoint(checkpoint)).hparams["head"] == recorded(First())
    assert main(["test", "--ckpt_path", checkpoint]) == 0
    assert main(["fit", "--config", str(run / "config.yaml")]) == 0
    again = run.parent / "version_1"
    assert summary_of(again)["settings"]["model"]["head"] == "First"
    assert summary_of(again)["test"] == summary_of(run)["test"]
