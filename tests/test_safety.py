"""Safety: no foreign code is run, no network is used, no secrets leak."""

import json
import socket
from functools import partial
from pathlib import Path

import pytest
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

from alft.cli.main import main
from alft.models.backbone import load_network, load_pretrained

from .faults import run

SECRETS = {"WANDB_API_KEY": "0123456789abcdef" * 2 + "plantedkey", "HF_TOKEN": "hf_plantedtokenofatest"}


def options_of(monkeypatch, backbone: str, auto_class: type = AutoModelForSequenceClassification) -> dict:
    """What transformers is asked for."""
    asked = {}

    def from_pretrained(place, **options):
        asked.update(options)
        raise OSError("seen")

    monkeypatch.setattr(auto_class, "from_pretrained", from_pretrained)
    of_network = auto_class is AutoModelForSequenceClassification
    load = partial(load_network, backbone, ["a", "b"]) if of_network else partial(load_pretrained, auto_class, backbone)
    with pytest.raises(ValueError, match="seen"):
        load()
    return asked


def test_weights_from_the_hub_must_be_safetensors(monkeypatch, tiny_bert):
    assert options_of(monkeypatch, "somebody/some-bert")["use_safetensors"] is True
    assert options_of(monkeypatch, str(tiny_bert))["use_safetensors"] is None


@pytest.mark.parametrize("auto_class", [AutoModelForSequenceClassification, AutoTokenizer, AutoConfig])
def test_code_beside_a_model_is_not_trusted(monkeypatch, auto_class):
    assert options_of(monkeypatch, "somebody/some-bert", auto_class)["trust_remote_code"] is False


def test_code_beside_a_local_model_is_not_run(workplace, tiny_bert, capsys):
    folder = Path("coded")
    folder.mkdir()
    for path in tiny_bert.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    config = json.loads((folder / "config.json").read_text())
    config |= {
        "model_type": "surprise",
        "auto_map": {"AutoConfig": "code.Config", "AutoModelForSequenceClassification": "code.M"},
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "code.py").write_text("open('ran', 'w')\n")
    assert main(["fit", "--config", "configs/tiny.yaml", "--model.backbone", "coded"]) == 2
    assert "model.backbone: coded cannot be loaded" in capsys.readouterr().err
    assert not Path("ran").exists()


def test_offline_means_no_connection(fit, monkeypatch, capsys):
    def refuse(self, address):
        raise AssertionError(f"a connection to {address}")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    fit("--trainer.max_epochs", "1")
    capsys.readouterr()
    for setting in ("--data.source", "--model.backbone"):
        assert main(["fit", "--config", "configs/tiny.yaml", setting, "somebody/something"]) == 2
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert "somebody/something" in line


@pytest.mark.parametrize("more", [[], ["--model.lr", "-1"]], ids=["a run", "an error"])
def test_secrets_stand_in_no_file_and_in_no_message(workplace, more):
    ended = run(
        ["fit", "--config", "configs/tiny.yaml", "--trainer.max_epochs", "1", *more],
        workplace,
        WANDB_SWEEP_ID="sweep",
        WANDB_MODE="offline",
        **SECRETS,
    )
    assert ended.code == (2 if more else 0), ended.err
    written = [path for path in (workplace / "runs").rglob("*") if path.is_file()] if (workplace / "runs").exists() else []
    assert more or {"config.yaml", "summary.json"} <= {path.name for path in written}
    texts = [path.read_bytes() for path in written] + [ended.out.encode(), ended.err.encode()]
    for secret in SECRETS.values():
        assert not any(secret.encode() in text for text in texts)
