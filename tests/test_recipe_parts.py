"""Parts of a training recipe: the probe, learning rates by depth, what is frozen, class weights, smoothing."""

import numpy as np
import pytest
import torch
import yaml
from sklearn.linear_model import LogisticRegression
from torch import nn

from alft.cli.main import main
from alft.models.classifier import Classifier
from alft.models.head import First, Mean
from alft.models.lora import Lora
from alft.models.optimisation import Optimisation
from alft.models.probe import STRENGTHS, fit_probe, last_layer, refuse_no_last_layer
from alft.selection.seeds import generator
from alft.task.single_label import SingleLabel

from .conftest import ROOT, Fit, summary_of
from .test_models import NAMES, batch_of, trained_names

USUAL = {"lr": 1e-3, "head_lr": None, "layer_decay": 1.0, "weight_decay": 0.01, "warmup": 0.1, "decay": "plan"}


def blobs(classes: int, rows: int = 60, size: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    labels = torch.arange(rows) % classes
    centres = torch.randn(classes, size, generator=generator("centres")) * 2
    return centres[labels] + torch.randn(rows, size, generator=generator("noise")) + 3, labels


class TestProbe:
    @pytest.mark.parametrize("balanced", [False, True])
    @pytest.mark.parametrize("classes", [2, 3])
    def test_it_is_one_of_scikit_learns_regressions(self, classes, balanced):
        features, labels = blobs(classes)
        weights, biases = fit_probe(features, labels, classes, balanced)
        probs = (features @ weights.T + biases).softmax(-1).numpy()
        scaled = (features - features.mean(0)) / features.std(0)
        weight = "balanced" if balanced else None
        theirs = [
            LogisticRegression(C=strength, max_iter=1000, class_weight=weight).fit(scaled, labels).predict_proba(scaled)
            for strength in STRENGTHS
        ]
        assert min(np.abs(probs - other).max() for other in theirs) < 1e-4

    def test_a_class_without_a_row_is_improbable_and_never_wins(self):
        features, labels = blobs(2)
        weights, biases = fit_probe(features, labels * 2, 4)
        probs = (features @ weights.T + biases).softmax(-1)
        assert not weights[[1, 3]].any()
        assert probs[:, [1, 3]].max() < 0.5
        assert set(probs.argmax(-1).tolist()) == {0, 2}

    def test_a_class_with_one_row_is_fitted_without_folds(self):
        features, labels = blobs(2, rows=11)
        labels[:] = 0
        labels[3] = 1
        weights, biases = fit_probe(features, labels, 2)
        assert (features @ weights.T + biases).softmax(-1)[:, 1].argmax() == 3

    def test_a_feature_that_never_changes_does_no_harm(self):
        features, labels = blobs(2)
        features[:, 0] = 1.0
        weights, biases = fit_probe(features, labels, 2)
        assert weights.isfinite().all()
        assert biases.isfinite().all()


@pytest.mark.parametrize("lora", [None, Lora(r=2)], ids=["full", "lora"])
@pytest.mark.parametrize("head", ["First", "Mean"])
def test_the_first_epoch_starts_from_the_probe(fit: Fit, monkeypatch, head, lora):
    """With a learning rate of 0 the tested model is the probe itself."""
    more = [] if lora is None else ["--model.lora.r", "2"]
    run = fit("--model.head", head, "--model.head_start", "probe", "--model.lr", "0", "--trainer.max_epochs", "1", *more)
    fresh = fit("--model.head", head, "--model.lr", "0", "--trainer.max_epochs", "1", *more)
    saved, other = (torch.load(r / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"] for r in (run, fresh))
    changed = {name for name in saved if not torch.equal(saved[name], other[name])}
    assert {name.split(".")[-1] for name in changed} == {"weight", "bias"}
    assert len(changed) == 2
    assert all("classifier" in name for name in changed)


def test_the_probe_reads_the_rows_bought_and_no_others(fit: Fit, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "alft.models.probe.fit_probe", lambda features, labels, *more: seen.append(labels) or fit_probe(features, labels, *more)
    )
    run = fit("--model.head_start", "probe", "--trainer.max_epochs", "2")
    assert [len(labels) for labels in seen] == [summary_of(run)["epochs"][0]["bought"]]


def test_a_probe_of_one_class_leaves_the_fresh_layer(fit: Fit, monkeypatch):
    monkeypatch.setattr("alft.data.pool.TextPool.targets", lambda self, rows: torch.zeros(len(rows), dtype=torch.int64))
    one = ("--model.lr", "0", "--trainer.max_epochs", "1")
    runs = [fit(*one, "--model.head_start", start) for start in ("probe", "fresh")]
    probed, fresh = (torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"] for run in runs)
    assert all(torch.equal(weights, fresh[name]) for name, weights in probed.items())


def test_the_last_layer_is_found_below_adapters_with_as_many_outputs(tiny_bert):
    network = Classifier(str(tiny_bert), list("abcdefgh"), head=Mean(), lora=Lora(r=8)).network
    assert last_layer(network, 8) is network.base_model.model.classifier.modules_to_save.default
    with pytest.raises(ValueError, match=r"model\.head_start must be fresh with this encoder"):
        refuse_no_last_layer(nn.Sequential(nn.Linear(2, 3)), 2)


class TestOptimisation:
    def groups(self, tiny_bert, lora=None, head=None, **settings) -> dict[str, tuple[float, float]]:
        model = Classifier(str(tiny_bert), NAMES, head=head or Mean(), lora=lora)
        names = {id(weights): name for name, weights in model.named_parameters()}
        groups = Optimisation(**{**USUAL, **settings}).groups(model.named_parameters(), model.in_encoder)
        return {names[id(w)]: (group["lr"], group["weight_decay"]) for group in groups for w in group["params"]}

    def test_every_trained_weight_is_in_one_group_and_vectors_do_not_decay(self, tiny_bert):
        model = Classifier(str(tiny_bert), NAMES)
        groups = Optimisation(**USUAL).groups(model.named_parameters(), model.in_encoder)
        assert [group["weight_decay"] for group in groups] == [0.01, 0.0]
        held = [w for group in groups for w in group["params"]]
        assert len(held) == len({id(w) for w in held}) == len(list(model.parameters()))
        assert all(w.ndim >= 2 for w in groups[0]["params"])
        assert all(w.ndim < 2 for w in groups[1]["params"])

    @pytest.mark.parametrize("lora", [None, Lora(r=2)], ids=["full", "lora"])
    def test_rates_fall_with_depth_and_the_head_has_its_own(self, tiny_bert, lora):
        rates = {name: rate for name, (rate, _) in self.groups(tiny_bert, lora, head_lr=0.5, layer_decay=0.1).items()}
        found = {}
        for name, rate in rates.items():
            part = next(p for p in ("layer.0", "layer.1", "embeddings", "classifier") if p in name)
            found.setdefault(part, set()).add(round(rate, 12))
        expected = {"layer.1": {1e-3}, "layer.0": {1e-4}, "classifier": {0.5}}
        assert found == (expected if lora else {**expected, "embeddings": {1e-5}})

    def test_the_pooler_belongs_to_the_head(self, tiny_bert):
        rates = self.groups(tiny_bert, head=First(), head_lr=0.5)
        assert {rate for name, (rate, _) in rates.items() if "pooler" in name or "classifier" in name} == {0.5}
        assert {rate for name, (rate, _) in rates.items() if "pooler" not in name and "classifier" not in name} == {1e-3}

    def test_layers_without_numbers_have_no_decay(self):
        layer = [("network.albert.group.weight", nn.Parameter(torch.zeros(2, 2)))]
        with pytest.raises(ValueError, match=r"model\.layer_decay must be 1 with this encoder, .*, got 0\.9"):
            Optimisation(**{**USUAL, "layer_decay": 0.9}).groups(layer, lambda name: True)

    @pytest.mark.parametrize(
        ("name", "value"),
        [("lr", -1.0), ("lr", float("nan")), ("lr", 1e31), ("head_lr", -1.0), ("layer_decay", 0.0), ("layer_decay", 1.1)],
    )
    def test_values_out_of_range_are_refused(self, name, value):
        with pytest.raises(ValueError, match=rf"model\.{name} must be .*, got "):
            Optimisation(**{**USUAL, name: value})


def test_a_rate_of_0_beside_a_rate_of_the_head_freezes_the_encoder(tiny_bert):
    names = trained_names(Classifier(str(tiny_bert), NAMES, head=First(), lr=0.0, head_lr=1e-3))
    assert {part for name in names for part in ("classifier", "pooler", "encoder", "embeddings") if f".{part}." in name} == {
        "classifier",
        "pooler",
    }


def test_frozen_embeddings_stay_and_all_else_is_trained(tiny_bert):
    every = trained_names(Classifier(str(tiny_bert), NAMES))
    assert every - trained_names(Classifier(str(tiny_bert), NAMES, freeze_embeddings=True)) == {
        name for name in every if ".embeddings." in name
    }


def test_class_weights_and_smoothing_are_those_of_torch(tiny_bert):
    task, logits = SingleLabel(["a", "b", "c"]), torch.randn(6, 3, generator=generator("l"))
    targets, weights = torch.tensor([0, 0, 1, 2, 0, 1]), torch.tensor([1.0, 2.0, 0.5])
    expected = nn.functional.cross_entropy(logits, targets, weights, label_smoothing=0.1)
    torch.testing.assert_close(task.loss(logits, targets, weights, 0.1), expected)
    torch.testing.assert_close(task.loss_of_draws(logits.expand(4, 6, 3), targets, weights, 0.1), expected)
    balanced = task.class_weights(targets)
    assert torch.equal(balanced, torch.tensor([6 / 9, 6 / 6, 6 / 3]))
    assert balanced[targets].mean() == pytest.approx(1)


def test_class_weights_follow_the_labels_bought(fit: Fit, monkeypatch):
    seen = []
    ours = SingleLabel.class_weights
    monkeypatch.setattr(SingleLabel, "class_weights", lambda self, targets: seen.append(targets) or ours(self, targets))
    budget = ("--active.budget", "Linear", "--active.budget.start", "0.3", "--active.budget.stop", "0.2")
    run = fit("--model.class_weights", "balanced", "--active.mode", "unseen", *budget)
    assert [len(targets) for targets in seen] == [record["bought"] for record in summary_of(run)["epochs"]]


@pytest.mark.parametrize("uncertainty", ["dropout", "epinet"])
def test_smoothing_and_weights_reach_the_training_loss(tiny_bert, monkeypatch, uncertainty):
    batch, logged = batch_of(), {}
    losses = []
    for smoothing in (0.0, 0.3):
        torch.manual_seed(0)
        model = Classifier(str(tiny_bert), NAMES, uncertainty=uncertainty, label_smoothing=smoothing).eval()
        monkeypatch.setattr(model, "log", lambda name, value, **more: logged.update({name: value}))
        for weights in (None, torch.tensor([1.0, 3.0])):
            model._class_weights_C = weights
            torch.manual_seed(0)
            losses.append(model.training_step(batch, 0).item())
    assert len(set(losses)) == 4


def test_all_linear_layers_of_the_encoder_get_an_adapter(tiny_bert):
    names = trained_names(Classifier(str(tiny_bert), NAMES, lora=Lora(r=2, target_modules="all-linear")))
    adapted = {name.split(".lora_")[0].split(".")[-1] for name in names if "lora_" in name}
    assert adapted == {"query", "key", "value", "dense"}
    assert not any("lora_" in name for name in names if "pooler" in name or "classifier" in name)


@pytest.mark.parametrize("value", ["0", "1"])
def test_an_average_needs_a_share(fit: Fit, capsys, value):
    assert main(["fit", "--config", "configs/tiny.yaml", "--model.ema", value]) == 2
    assert "model.ema must be in (0, 1)" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["-0.1", "1"])
def test_label_smoothing_is_a_share_below_1(fit: Fit, capsys, value):
    assert main(["fit", "--config", "configs/tiny.yaml", f"--model.label_smoothing={value}"]) == 2
    assert "model.label_smoothing must be in [0, 1)" in capsys.readouterr().err


@pytest.mark.parametrize("recipe", sorted((ROOT / "configs" / "recipes").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_recipe_is_used_as_a_second_config(workplace, recipe, capsys):
    first = yaml.safe_load(recipe.read_text())
    arguments = ["fit", "--config", "configs/tiny.yaml", "--config", str(recipe), "--print_config"]
    with pytest.raises(SystemExit, match="0"):
        main(arguments)
    printed = yaml.safe_load(capsys.readouterr().out)
    assert printed["trainer"]["max_epochs"] == first["trainer"]["max_epochs"]
    assert all(printed["model"][name] == value for name, value in first.get("model", {}).items() if isinstance(value, float))
