"""Encoders as strangers bring them: what works, and the one sentence about what does not."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoTokenizer

from alft.cli.main import main
from alft.models.classifier import Classifier
from alft.models.lora import Lora
from alft.models.positions import longest_input

from .conftest import summary_of
from .encoder_folders import CONFIGS, change_json, write_encoder
from .mistakes import arguments, check_mistake


@pytest.fixture(scope="session")
def encoder_of(tiny_bert, tmp_path_factory):
    """Make an encoder of an architecture with the tokenizer of the tiny BERT."""
    root, tokenizer = tmp_path_factory.mktemp("architectures"), AutoTokenizer.from_pretrained(tiny_bert)

    def make(name: str) -> Path:
        if not (root / name).exists():
            config, settings = CONFIGS[name]
            special = {"pad_token_id": None if name == "gpt2" else 0, "eos_token_id": 3, "bos_token_id": 2}
            write_encoder(root / name, config, len(tokenizer), **special, **settings)
            tokenizer.model_max_length = int(1e30)
            tokenizer.save_pretrained(root / name)
        return root / name

    return make


def alone(name: str) -> list[str]:
    return ["--model.backbone", name, "--data.max_length", "32", "--trainer.max_epochs", "1"]


@pytest.mark.parametrize(
    ("name", "more", "sentences"),
    [
        pytest.param("t5", [], ("a pass over 2 texts", "AttributeError"), id="B2 T5"),
        pytest.param("bart", [], ("a pass over 2 texts", "hidden_states"), id="B2 BART"),
        pytest.param("funnel", [], ("a pass over 2 texts", "RuntimeError"), id="B2 Funnel"),
        pytest.param("gpt2", [], ("a pass over 2 texts", "no padding token"), id="B2 GPT-2 without a padding number"),
        pytest.param("gpt2", ["--active.enabled", "false"], ("no padding token",), id="B2 GPT-2 as baseline"),
        pytest.param("reformer", [], ("a pass over 2 texts", "axial_pos_shape"), id="B2 sibling: fails in training only"),
    ],
)
def test_an_encoder_that_cannot_run_is_told_before_the_plan(workplace, encoder_of, capsys, name, more, sentences):
    Path(name).symlink_to(encoder_of(name))
    check_mistake(capsys, arguments(*alone(name), *more), (f"model.backbone: {name} cannot be used here", *sentences))
    assert "Plan" not in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore:LightningCLI's args parameter")
def test_B2_the_traceback_is_kept_for_debugging(workplace, encoder_of, monkeypatch):
    monkeypatch.setenv("ALFT_DEBUG", "1")
    with pytest.raises(ValueError, match="cannot be used here") as caught:
        main(["fit", "--config", "configs/tiny.yaml", *alone(str(encoder_of("t5")))])
    assert isinstance(caught.value.__cause__, AttributeError)


@pytest.mark.parametrize("name", ["bart", "funnel"])
def test_B2_what_runs_as_baseline_still_does(fit, encoder_of, name):
    assert summary_of(fit(*alone(str(encoder_of(name))), "--active.enabled", "false"))["test"]["f1_macro"] is not None


def bert_with(**changes):
    """A copy of the tiny BERT with changed entries of its JSON files."""

    def prepare() -> list[str]:
        shutil.copytree("tiny-bert", "changed")
        for file, values in changes.items():
            change_json(Path("changed", f"{file}.json"), **values)
        return ["--model.backbone", "changed"]

    return prepare


def with_larger_tokenizer() -> list[str]:
    shutil.copytree("tiny-bert", "changed")
    tokenizer = AutoTokenizer.from_pretrained("changed")
    tokenizer.add_tokens([f"new{number}" for number in range(9)])
    tokenizer.save_pretrained("changed")
    return ["--model.backbone", "changed"]


def with_weights(change):
    def prepare() -> list[str]:
        shutil.copytree("tiny-bert", "changed")
        weights = load_file("changed/model.safetensors")
        change(weights)
        save_file(weights, "changed/model.safetensors", metadata={"format": "pt"})
        return ["--model.backbone", "changed"]

    return prepare


def _damage(weights: dict[str, torch.Tensor]) -> None:
    weights["bert.embeddings.LayerNorm.weight"].fill_(torch.nan)


@pytest.mark.parametrize(
    ("prepare", "sentences"),
    [
        pytest.param(with_larger_tokenizer, ("the tokenizer of changed has token numbers up to",), id="B2 larger tokenizer"),
        pytest.param(bert_with(tokenizer_config={"pad_token": None}), ("has no padding token",), id="B2 no padding token"),
        pytest.param(with_weights(_damage), ("gives outputs that are not finite",), id="B2 sibling: NaN in the weights"),
    ],
)
def test_a_tokenizer_or_weights_that_do_not_fit_are_told(workplace, capsys, prepare, sentences):
    check_mistake(capsys, prepare, ("model.backbone: ", *sentences))


def test_B2_the_rehearsal_leaves_no_trace(fit, monkeypatch):
    rehearsed = fit("--trainer.max_epochs", "2", "--active.acquire", "Bald")
    monkeypatch.setattr("alft.cli.fit_command.rehearse", lambda *arguments: None)
    plain = fit("--trainer.max_epochs", "2", "--active.acquire", "Bald")
    states = [torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"] for run in (rehearsed, plain)]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert (rehearsed / "metrics.csv").read_bytes() == (plain / "metrics.csv").read_bytes()
    assert (rehearsed / "selection.parquet").read_bytes() == (plain / "selection.parquet").read_bytes()


@pytest.mark.parametrize("name", ["bert", "mpnet"])
def test_B2_sibling_an_encoder_that_ignores_padding_is_not_remarked_on(fit, encoder_of, name):
    assert not [told for told in summary_of(fit(*alone(str(encoder_of(name)))))["remarks"] if "padding" in told]


@pytest.mark.parametrize("name", ["fnet", "xlnet"])
def test_B2_sibling_an_encoder_that_reads_padding_is_told(fit, encoder_of, name, capsys):
    run = fit(*alone(str(encoder_of(name))))
    (told,) = [told for told in summary_of(run)["remarks"] if "reads padding" in told]
    assert told in capsys.readouterr().out.replace("\n", "")


SHIFTED = {"mpnet": 38, **dict.fromkeys(("longformer", "data2vec", "xmod", "ibert", "luke"), 39)}
"""Longest input of models with 40 positions and the padding number 0; MPNet's positions start behind 1 in any case."""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *(pytest.param(name, most, id=f"B3 {name}") for name, most in SHIFTED.items()),
        *(pytest.param(name, None, id=f"B3 {name}") for name in ("xlnet", "t5", "funnel")),
        pytest.param("bart", 40, id="B3 sibling: BART has two rows more"),
        pytest.param("fnet", 40, id="B3 sibling: FNet"),
        pytest.param("bert", 40, id="B3 bert"),
    ],
)
def test_the_longest_input_is_that_of_the_network(encoder_of, name, expected):
    assert longest_input(AutoConfig.from_pretrained(encoder_of(name))) == expected


@pytest.mark.parametrize(("name", "most"), SHIFTED.items())
def test_B3_texts_of_the_longest_length_are_trained_on_and_one_more_is_refused(fit, workplace, encoder_of, name, most, capsys):
    Path("tiny-data").unlink()
    Path("tiny-data").mkdir()
    for split in ("train", "validation", "test"):
        pd.DataFrame({"text": [f"{'good ' * (40 + n % 9)}" for n in range(20)], "label": list("ab") * 10}).to_csv(
            f"tiny-data/{split}.csv", index=False
        )
    given = ["--model.backbone", str(encoder_of(name)), "--trainer.max_epochs", "1"]
    assert summary_of(fit(*given, "--data.max_length", str(most)))["texts"]["cut"]["pool"] == 20
    capsys.readouterr()
    assert main(["fit", "--config", "configs/tiny.yaml", *given, "--data.max_length", str(most + 1)]) == 2
    assert f"data.max_length must be in [3, {most}]" in capsys.readouterr().err


def test_B3_an_encoder_without_a_limit_takes_any_length(fit, workplace, encoder_of, capsys):
    fit("--model.backbone", str(encoder_of("xlnet")), "--trainer.max_epochs", "1", "--data.max_length", "600")
    capsys.readouterr()
    assert main(["fit", "--config", "configs/tiny.yaml", *alone(str(encoder_of("xlnet"))), "--data.max_length", "2"]) == 2
    assert "data.max_length must be at least 3 for " in capsys.readouterr().err


def folder_with(name: str, *copied: str, **files: str | bytes):
    """A folder with some files of the tiny BERT, and others."""

    def prepare() -> list[str]:
        Path(name).mkdir()
        for file in copied:
            shutil.copy(Path("tiny-bert", file), name)
        for file, content in files.items():
            path = Path(name, file.replace("__", "/").replace("_dot_", "."))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return ["--model.backbone", name]

    return prepare


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
WITHOUT_WEIGHTS = ("config.json", "tokenizer.json", "tokenizer_config.json")
ADAPTER = json.dumps({"base_model_name_or_path": "some/base", "peft_type": "LORA"})
KIND_OF_FOLDER = {
    "B4 adapter": (folder_with("x", adapter_config_dot_json=ADAPTER), "x is a peft adapter, not a model; give its base model"),
    "B4 adapter names its base": (folder_with("x", adapter_config_dot_json=ADAPTER), "--model.backbone some/base"),
    "B4 sibling: adapter beside a config": (
        folder_with("x", *WITHOUT_WEIGHTS, adapter_config_dot_json="[]"),
        "x is a peft adapter, not a model; give its base model instead",
    ),
    "B4 run folder": (
        folder_with("x", config_dot_yaml="{}", checkpoints__best_dot_ckpt=b"", checkpoints__last_dot_ckpt=b""),
        "x holds checkpoints of a run, not a model; export one first: python -m alft export x/checkpoints/last.ckpt FOLDER",
    ),
    "B4 checkpoints": (folder_with("x", epoch_dot_ckpt=b""), "python -m alft export x/epoch.ckpt FOLDER"),
    "B4 ONNX alone": (
        folder_with("x", *WITHOUT_WEIGHTS, onnx__model_dot_onnx=b"0"),
        "x has no PyTorch weights (model.safetensors or pytorch_model.bin), only those of ONNX",
    ),
    "B4 GGUF alone": (
        folder_with("x", model_dot_gguf=b"GGUF"),
        "x has no config.json, which a Hugging Face model has; it holds GGUF",
    ),
    "B4 sibling: TensorFlow alone": (folder_with("x", *WITHOUT_WEIGHTS, tf_model_dot_h5=b"0"), "only those of TensorFlow"),
    "B4 sibling: no weights": (folder_with("x", *WITHOUT_WEIGHTS), "x has no PyTorch weights"),
    "B4 sibling: a folder above the model": (
        folder_with("x", snapshots__abc__config_dot_json="{}"),
        "x has no config.json, which a Hugging Face model has; x/snapshots/abc has one",
    ),
    "B4 sibling: an empty folder": (folder_with("x"), "x has no config.json, which a Hugging Face model has"),
    "B4 no tokenizer": (folder_with("x", "config.json", "model.safetensors"), "x has no tokenizer beside the model"),
    "B4 pointer for weights": (
        folder_with("x", *WITHOUT_WEIGHTS, model_dot_safetensors=POINTER),
        "x holds a git-lfs pointer instead of model.safetensors; fetch the file with: git lfs pull",
    ),
    "B4 pointer for a tokenizer": (
        folder_with("x", "config.json", "model.safetensors", tokenizer_dot_json=POINTER),
        "x holds a git-lfs pointer instead of tokenizer.json",
    ),
    "B4 sibling: a checkpoint file": (
        lambda: [folder_with("x", last_dot_ckpt=b"")() and "--model.backbone", "x/last.ckpt"],
        "x/last.ckpt is a checkpoint, not a model; export it first",
    ),
    "B4 sibling: a weights file": (
        lambda: ["--model.backbone", "tiny-bert/model.safetensors"],
        "tiny-bert/model.safetensors is a file; give the folder of the model, tiny-bert",
    ),
}


@pytest.mark.parametrize(("prepare", "sentence"), KIND_OF_FOLDER.values(), ids=KIND_OF_FOLDER)
def test_a_folder_that_is_no_model_is_told(workplace, capsys, prepare, sentence):
    check_mistake(capsys, prepare, (f"model.backbone: {sentence}" if sentence[0] == "x" else sentence,))


def test_B4_an_adapter_of_alft_names_the_encoder_it_was_trained_on(fit, workplace, capsys):
    run = fit("--model.lora.r", "2", "--trainer.max_epochs", "1")
    assert main(["export", str(run / "checkpoints" / "last.ckpt"), "adapter", "--adapter"]) == 0
    capsys.readouterr()
    assert main(["fit", "--config", "configs/tiny.yaml", "--model.backbone", "adapter"]) == 2
    assert "give its base model instead: --model.backbone tiny-bert" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("targets", "sentence"),
    [
        pytest.param(
            "[quer]", "there is no layer 'quer' in the encoder; did you mean query? linear layers are dense, ", id="B4 near"
        ),
        pytest.param("[q_proj]", "linear layers are dense, key, query, value", id="B4 far"),
        pytest.param("[query,nope]", "there is no layer 'nope' in the encoder", id="B4 sibling: one of two"),
        pytest.param("[]", "must name layers, got []", id="B4 sibling: none"),
        pytest.param("[classifier]", "there is no layer 'classifier' in the encoder", id="B4 sibling: the head"),
        pytest.param("[LayerNorm]", "LayerNorm", id="B4 sibling: a layer that peft cannot adapt"),
    ],
)
def test_wrong_lora_targets_are_told_with_layers_that_exist(workplace, capsys, targets, sentence):
    check_mistake(capsys, arguments("--model.lora.target_modules", targets), ("model.lora.target_modules: ", sentence))


def test_B4_right_lora_targets_are_not_refused(tiny_bert):
    for targets in (["query", "key"], ["attention.self.query"], ["encoder.layer.0.attention.self.query"], ["dense"]):
        Classifier(str(tiny_bert), ["a", "b"], lora=Lora(target_modules=targets))


DEFAULT = ["--model.head", "MeanNgrams", "--model.head_start", "probe", "--model.class_weights", "balanced"]


@pytest.mark.parametrize("name", ["mpnet", "longformer", "data2vec", "xmod", "ibert", "luke", "xlnet", "fnet"])
def test_the_default_head_runs_on_every_architecture_that_runs(fit, encoder_of, name):
    run = fit(*alone(str(encoder_of(name))), *DEFAULT, "--controls", "all")
    assert summary_of(run)["test"]["f1_macro"] is not None
    assert summary_of(run)["controls"]["frozen_f1"] is not None
