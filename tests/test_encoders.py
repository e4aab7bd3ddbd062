"""Encoders of the BERT family, with full fine-tuning, LoRA and an epinet: training, saving, loading and selection."""

import json
import re
from pathlib import Path

import pytest
import torch
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    RobertaConfig,
    XLMRobertaConfig,
)

from alft.cli.main import main
from alft.models.lora import encoder_layers, head_layers
from alft.models.positions import longest_input
from alft.record.checkpoints import read_checkpoint
from alft.use.restore import load_classifier

from .conftest import summary_of

SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
ENCODERS = {
    "bert": BertConfig(**SMALL, max_position_embeddings=64),
    "roberta": RobertaConfig(**SMALL, max_position_embeddings=64, type_vocab_size=1),
    "xlm-roberta": XLMRobertaConfig(**SMALL, max_position_embeddings=64, type_vocab_size=1),
    "distilbert": DistilBertConfig(dim=16, n_layers=2, n_heads=2, hidden_dim=32, max_position_embeddings=64),
    "electra": ElectraConfig(**SMALL, embedding_size=8, max_position_embeddings=64),
    "deberta": DebertaV2Config(
        **SMALL, max_position_embeddings=64, relative_attention=True, pos_att_type=["p2c", "c2p"], type_vocab_size=0
    ),
}
KINDS = {
    "full": ["--active.acquire", "Entropy"],
    "lora": ["--active.acquire", "Entropy", "--model.lora.r", "2", "--model.lora.alpha", "4"],
    "epinet": ["--active.acquire", "Bald", "--model.uncertainty", "epinet"],
}


@pytest.fixture(scope="session")
def encoders(tiny_bert, tmp_path_factory) -> Path:
    """A random model of two layers for each architecture, without a classification head, with one tokenizer for all."""
    folder, tokenizer = tmp_path_factory.mktemp("encoders"), AutoTokenizer.from_pretrained(tiny_bert)
    for name, config in ENCODERS.items():
        torch.manual_seed(0)
        config.vocab_size, config.pad_token_id = len(tokenizer), tokenizer.pad_token_id
        AutoModelForSequenceClassification.from_config(config).base_model.save_pretrained(folder / name)
        tokenizer.save_pretrained(folder / name)
    return folder


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ENCODERS)
def test_trains_selects_saves_and_loads(fit, workplace, encoders, name, kind, capsys):
    run = fit("--model.backbone", str(encoders / name), "--data.max_length", "24", "--trainer.max_epochs", "2", *KINDS[kind])
    summary = summary_of(run)
    assert [record["selected"] for record in summary["epochs"]] == [44, 32]  # floor(0.7 x 64), half of 64
    metrics = (run / "metrics.csv").read_text().splitlines()
    assert "nan" not in "".join(metrics)

    capsys.readouterr()
    assert main(["test", "--ckpt_path", str(run / "checkpoints" / "last.ckpt")]) == 0
    shown = re.search(r"test_loss\D+([\d.]+)", capsys.readouterr().out)
    assert float(shown[1]) == pytest.approx(summary["test"]["loss"], abs=1e-6), "a re-loaded model scores as the trained one"


@pytest.mark.parametrize("name", ENCODERS)
def test_a_reloaded_model_has_the_weights_of_the_trained_one(fit, encoders, name):
    run = fit(
        "--model.backbone", str(encoders / name), "--trainer.max_epochs", "1", *KINDS["lora"], "--model.uncertainty", "epinet"
    )
    checkpoint = run / "checkpoints" / "last.ckpt"
    saved, loaded = torch.load(checkpoint, weights_only=True)["state_dict"], load_classifier(read_checkpoint(checkpoint))
    assert saved.keys() == loaded.state_dict().keys()
    assert all(torch.equal(tensor, saved[key]) for key, tensor in loaded.state_dict().items())
    assert loaded.label_names == ["negative", "positive"]


@pytest.mark.parametrize("name", ENCODERS)
def test_adapters_are_in_the_encoder_and_the_head_is_outside(encoders, name):
    network = AutoModelForSequenceClassification.from_pretrained(encoders / name)
    heads = head_layers(network)
    assert "classifier" in heads
    assert encoder_layers(network)
    assert not [layer for layer in encoder_layers(network) if layer.split(".")[-1] in heads]


@pytest.mark.parametrize("name", ENCODERS)
def test_the_longest_input_is_readable(encoders, name):
    network = AutoModelForSequenceClassification.from_pretrained(encoders / name).eval()
    longest = longest_input(network.config)
    ids = torch.full((1, longest), 7)
    with torch.no_grad():
        assert network(input_ids=ids, attention_mask=torch.ones_like(ids)).logits.isfinite().all()


@pytest.mark.parametrize("switch", ["use_dora", "use_rslora"])
def test_lora_variants_are_pefts_own(fit, switch):
    run = fit("--model.lora.r", "2", f"--model.lora.{switch}", "true", "--trainer.max_epochs", "1")
    assert summary_of(run)["settings"]["model"]["lora"][switch] is True
    names = json.dumps(list(torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]))
    assert ("lora_magnitude_vector" in names) == (switch == "use_dora")
