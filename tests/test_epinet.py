"""The epinet against a plain loop, its gradients, its seeds, and its state in a checkpoint (method.md 8)."""

import pytest
import torch
from torch import nn

from alft.models.classifier import Classifier
from alft.models.epinet import Epinet, EpinetHead
from alft.selection.embedding import MeanTokens
from alft.selection.seeds import generator
from alft.task.single_label import SingleLabel

from .test_models import NAMES, batch_of

CLASSES, FEATURES = 3, 7


@pytest.fixture
def head() -> EpinetHead:
    torch.manual_seed(0)
    return EpinetHead(Epinet(index_size=4, draws=5, hidden=6, prior_scale=0.5), FEATURES, CLASSES)


def features(size: int = 8) -> torch.Tensor:
    return torch.randn(size, FEATURES, generator=generator("features"))


def plain(network: nn.Module, phi: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """One text, one draw: concatenate, two hidden layers, a matrix C x Z times z."""
    hidden = network.second(network.first(torch.cat([z, phi])).relu()).relu()
    return network.last(hidden).reshape(CLASSES, len(z)) @ z


def test_equals_a_plain_loop_over_draws_and_texts(head):
    for network in (head.learned, head.prior):
        nn.init.normal_(network.last.bias)  # a bias of zeros would hide a mistake
    phi_BD, index_KZ = features(), head.fixed_index(5)
    expected = torch.stack(
        [torch.stack([plain(head.learned, phi, z) + 0.5 * plain(head.prior, phi, z) for phi in phi_BD]) for z in index_KZ]
    )
    torch.testing.assert_close(head(phi_BD, index_KZ), expected)


def test_an_index_of_zeros_adds_nothing(head):
    assert not head(features(), torch.zeros(1, 4)).any()


def test_a_prior_of_scale_zero_is_left_out(head):
    head.settings.prior_scale = 0.0
    torch.testing.assert_close(head(features(), head.fixed_index(2)), head.learned(features(), head.fixed_index(2)))


def test_draws_differ_where_nothing_was_learnt(head):
    assert (head(features(), head.fixed_index(10)).var(0) > 1e-3).all()


def test_no_gradient_flows_into_the_features_or_the_prior(head):
    phi_BD = features().requires_grad_()
    head(phi_BD, head.fixed_index(2)).sum().backward()
    assert phi_BD.grad is None
    assert all(parameter.grad is None for parameter in head.prior.parameters())
    assert all(parameter.grad is not None for parameter in head.learned.parameters())


def test_indices_are_fixed_for_prediction_and_fresh_for_training(head):
    assert torch.equal(head.fixed_index(5), head.fixed_index(5))
    assert not torch.equal(head.fresh_index(), head.fresh_index())
    assert head.fresh_index().shape == (5, 4)
    other = EpinetHead(head.settings, FEATURES, CLASSES)
    assert not torch.equal(other.fixed_index(5), head.fixed_index(5))
    other.load_state_dict(head.state_dict())
    assert torch.equal(other.fixed_index(5), head.fixed_index(5))


def test_mean_prediction_is_the_mean_probability():
    logits_KBC = torch.randn(5, 8, CLASSES, generator=generator("logits")) * 30
    expected = logits_KBC.softmax(-1).mean(0)
    torch.testing.assert_close(SingleLabel(["a", "b"]).average(logits_KBC).softmax(-1), expected)
    torch.testing.assert_close(SingleLabel(["a", "b"]).average(logits_KBC).exp(), expected)


@pytest.fixture
def model(tiny_bert) -> Classifier:
    torch.manual_seed(0)
    return Classifier(str(tiny_bert), NAMES, uncertainty="epinet")


def test_prediction_draws_and_scores_agree(model):
    batch = batch_of()
    with torch.no_grad():
        logits_KBC, _ = model.draws(batch, 0, 0, None)
        predicted = model(batch).exp()
    assert logits_KBC.shape == (10, 6, 2)
    torch.testing.assert_close(predicted, logits_KBC.softmax(-1).mean(0))


@pytest.mark.parametrize(("passes", "count"), [(0, 10), (2, 2), (25, 25)])
def test_a_score_that_compares_draws_gets_as_many_as_it_asks_for(model, passes, count):
    with torch.no_grad():
        assert model.draws(batch_of(), passes, 0, None)[0].shape == (count, 6, 2)
    assert model.draw_count(passes) == count


def test_draws_and_embeddings_cost_one_pass_of_the_encoder(model):
    passes = []
    model.network.base_model.register_forward_hook(lambda *_: passes.append(1))
    with torch.no_grad():
        _, embeddings = model.draws(batch_of(), 10, 0, MeanTokens())
    assert len(passes) == 1
    assert embeddings.shape == (6, 32)


def test_draws_do_not_depend_on_the_seed_of_the_pass_or_on_earlier_draws(model):
    with torch.no_grad():
        first, again = (model.draws(batch_of(), 10, seed, None)[0] for seed in (0, 1))
    assert torch.equal(first, again)


def test_training_averages_the_loss_over_fresh_draws(model, monkeypatch):
    batch, index_KZ = batch_of(), torch.randn(10, 10, generator=generator("index"))
    model.eval()
    model.epinet.fresh_index = lambda: index_KZ
    monkeypatch.setattr(model, "log", lambda *args, **kwargs: None)
    output = model.network(batch["input_ids"], batch["attention_mask"], output_hidden_states=True)
    additions = model.epinet(output.hidden_states[-1].mean(1), index_KZ)
    expected = torch.stack([nn.functional.cross_entropy(output.logits + added, batch["labels"]) for added in additions]).mean()
    torch.testing.assert_close(model.training_step(batch, 0), expected)


def test_only_the_prior_is_frozen(model):
    assert {name for name, p in model.named_parameters() if not p.requires_grad} == {
        f"epinet.prior.{layer}.{kind}" for layer in ("first", "second", "last") for kind in ("weight", "bias")
    }


def test_a_run_leaves_the_prior_as_it_was_and_trains_the_rest(fit):
    arguments = ["--model.uncertainty", "epinet", "--active.acquire", "Variance", "--model.epinet.prior_scale", "0.3"]
    short, long = (
        torch.load(fit(*arguments, "--trainer.max_epochs", epochs) / "checkpoints" / "last.ckpt", weights_only=True)[
            "state_dict"
        ]
        for epochs in ("1", "3")
    )
    kept = {name for name in short if name.startswith("epinet.") and torch.equal(short[name], long[name])}
    assert kept == {"epinet.seed", *(name for name in short if name.startswith("epinet.prior."))}


@pytest.mark.parametrize(("name", "value"), [("index_size", 0), ("draws", 1), ("hidden", 0), ("prior_scale", -0.1)])
def test_sizes_that_mean_nothing_are_refused(name, value):
    with pytest.raises(ValueError, match=rf"model\.epinet\.{name} must be at least \d and at most 10000, got {value}"):
        Epinet(**{name: value})


def test_settings_of_an_epinet_without_one_are_refused(tiny_bert):
    with pytest.raises(ValueError, match=r"model\.epinet needs model\.uncertainty epinet, got dropout"):
        Classifier(str(tiny_bert), NAMES, epinet=Epinet())
