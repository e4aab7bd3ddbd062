"""``from alft import ...`` and ``alft.trainer``: imported on first use, and the same run as from the command line."""

import importlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from lightning import Trainer, seed_everything

import alft
from alft import (
    Acquisition,
    ActiveLearning,
    Bald,
    Classifier,
    Constant,
    Entropy,
    Ledger,
    Policy,
    Scores,
    TextPool,
    Ward,
    finish,
    trainer,
)
from alft.selection.probabilities import mean_entropy
from alft.selection.seeds import generator

from .conftest import Fit, summary_of
from .faults import FILES
from .test_readme import code

QUIET = {"accelerator": "cpu", "enable_progress_bar": False}


def test_python_and_the_command_line_train_the_same_run(fit: Fit):
    default = ["--model.head", "MeanNgrams", "--model.head_start", "probe", "--model.class_weights", "balanced"]
    bald = ["--active.acquire", "Bald", "--active.acquire.passes", "3"]
    shown = fit("--model.lr", "0.002", *default, *bald, "--seed_everything", "5")
    seed_everything(5, verbose=False)
    data = TextPool("tiny-bert", source="tiny-data", max_length=32, batch_size=8)
    model = Classifier("tiny-bert", data.label_names, lr=0.002)
    active = ActiveLearning(seed=5, acquire=Bald(passes=3), max_unique=0.7, cluster=Ward(clusters=4))
    run = trainer(data, active, name="python", max_epochs=3, **QUIET)
    run.fit(model, datamodule=data)
    summary = finish(run)
    folder = Path("runs/python/version_0")
    for name in FILES:
        assert (folder / name).read_bytes() == (shown / name).read_bytes()
    assert summary == summary_of(folder)
    for part in ("settings", "test", "labels", "fingerprint"):
        assert summary[part] == summary_of(shown)[part]
    assert not list(folder.glob("*.lock")), "the folder is released"


def test_a_run_holds_its_folder_until_it_is_finished(fit: Fit, capsys):
    data = TextPool("tiny-bert", source="tiny-data", max_length=32, batch_size=8)
    active = ActiveLearning(cluster=Ward(clusters=4), max_unique=0.7)
    run = trainer(data, active, name="tiny", max_epochs=1, **QUIET)
    run.fit(Classifier("tiny-bert", data.label_names), datamodule=data)
    fit("--ckpt_path", "last")
    assert "no unfinished run of tiny in runs has a checkpoint" in capsys.readouterr().out
    finish(run)


def test_the_example_of_the_readme_trains(workplace: Path, tiny_bert: Path, tiny_data: Path):
    (snippet,) = [block for block in code("python") if "finish(run)" in block]
    assert len([line for line in snippet.splitlines() if line]) <= 15
    Path("reviews.csv").write_text((tiny_data / "train.csv").read_text())
    snippet = snippet.replace("xlm-roberta-base", "tiny-bert").replace("max_length=96", "max_length=32")
    scope: dict = {}
    exec(snippet.replace("max_epochs=8", "max_epochs=2, accelerator='cpu', enable_progress_bar=False"), scope)
    assert summary_of(Path("runs/reviews/version_0")) == scope["summary"]


def test_the_policy_of_the_readme_picks_the_most_uncertain_of_each_cluster():
    (snippet,) = [block for block in code("python") if "Policy(" in block]
    assert len([line for line in snippet.splitlines() if line]) <= 9
    scope: dict = {}
    exec(snippet, scope)
    probs_NC = scope["probs_NC"]
    rows, clusters_N = scope["rows"], scope["decision"].clusters.clusters_N
    assert len(rows) == 30
    doubt_N = mean_entropy(probs_NC[None])
    for cluster in range(10):
        members = (clusters_N == cluster).nonzero().squeeze(1)
        taken = rows[clusters_N[rows] == cluster]
        assert abs(len(taken) - len(members) / 10) < 1, "every cluster gives its share"
        assert set(taken.tolist()) == set(members[doubt_N[members].argsort(descending=True)[: len(taken)]].tolist())


def test_alft_imports_nothing_before_it_is_used():
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            "import alft, sys; print(alft.__version__, *(m for m in sys.modules if m.split('.')[0] != 'alft'))",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"torch", "numpy", "lightning", "pandas"} & set(found.stdout.split())


@pytest.mark.parametrize("name", alft.__all__)
def test_every_name_can_be_imported(name):
    assert getattr(alft, name).__name__ == name
    assert name in dir(alft)


@pytest.mark.parametrize("name", ["Entropy", "Constant", "Ward", "MeanTokens", "DifBuild", "TfIdf"])
def test_the_classes_of_a_selection_can_be_imported(name):
    assert getattr(alft, name).__module__.startswith("alft.selection.")


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'alft' has no attribute 'Entropie'"):
        importlib.import_module("alft").Entropie  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'fit_them'"):
        exec("from alft import fit_them")


def parts() -> tuple[TextPool, Classifier, ActiveLearning]:
    data = TextPool("tiny-bert", source="tiny-data", max_length=32, batch_size=8)
    return data, Classifier("tiny-bert", data.label_names), ActiveLearning(cluster=Ward(clusters=4))


def plain(*callbacks: ActiveLearning) -> Trainer:
    return Trainer(
        max_epochs=1, logger=False, enable_checkpointing=False, enable_model_summary=False, callbacks=[*callbacks], **QUIET
    )


@pytest.mark.filterwarnings("ignore:.*(val_dataloader|logging interval|many workers)")
def test_what_is_put_together_wrongly_is_refused_in_a_sentence(workplace):
    data, model, active = parts()
    with pytest.raises(ValueError, match="max_epochs must be given"):
        trainer(data, active, max_epochs=None)
    assert not Path("runs").exists()
    with pytest.raises(ValueError, match=r"ActiveLearning.*alft\.trainer"):
        plain().fit(model, datamodule=data)
    with pytest.raises(ValueError, match="TextPool"):
        plain(active).fit(model, train_dataloaders=torch.utils.data.DataLoader(torch.zeros(4)))
    with pytest.raises(ValueError, match=r"call fit\(model, datamodule=data\) first"):
        finish(trainer(data, active, max_epochs=1, **QUIET))
    other = plain(active)
    with pytest.raises(ValueError, match=r"make it with alft\.trainer"):
        finish(other)


def test_a_setting_that_the_trainer_refuses_leaves_no_folder(workplace):
    data, _, active = parts()
    with pytest.raises(ValueError, match=r"there is no setting trainer\.max_epoch; did you mean max_epochs"):
        trainer(data, active, max_epochs=1, max_epoch=2)
    assert not list(Path("runs").glob("*"))


def test_a_selection_in_python_takes_several_epochs():
    policy, ledger = Policy(budget=Constant(share=0.1), acquire=Entropy(), cluster=Ward(clusters=3)), Ledger(torch.ones(60) > 0)
    plan = policy.plan(epochs=3, pool=ledger.pool)
    for epoch in range(3):
        probs_KNC = torch.rand(1, 60, 2, generator=generator(epoch)).softmax(-1)
        decision = policy.select(epoch, plan, ledger, Scores(probs_KNC, torch.randn(60, 4, generator=generator("embeddings"))))
        ledger.clusters = decision.clusters
        ledger.record(epoch, decision.selection)
    assert [len(selection.rows) for selection in ledger.selections.values()] == [6, 6, 6]
    assert ledger.bought <= 18


def test_data_with_other_classes_than_the_model_are_refused(workplace, tiny_bert):
    data = TextPool(str(tiny_bert), source="tiny-data", max_length=24)
    model = Classifier(str(tiny_bert), data.label_names[::-1])
    run = alft.trainer(data, ActiveLearning(), max_epochs=1, enable_progress_bar=False)
    with pytest.raises(ValueError, match="label_names of the model are positive, negative, but those of the data are negative"):
        run.fit(model, datamodule=data)


WRONG = {
    "swapped": (lambda data, active: alft.trainer(active, data, max_epochs=1), "needs a TextPool and an ActiveLearning"),
    "unknown setting": (
        lambda data, active: alft.trainer(data, active, max_epoch=1),
        "no setting trainer.max_epoch; did you mean max_epochs",
    ),
    "a path as name": (lambda data, active: alft.trainer(data, active, name="a/../b", max_epochs=1), "name must be the name"),
    "a word for a class": (
        lambda data, active: ActiveLearning(acquire="Bald"),
        "must be an object of a subclass of Acquisition",
    ),
}


@pytest.mark.parametrize(("call", "sentence"), WRONG.values(), ids=WRONG.keys())
def test_wrong_arguments_are_refused_in_a_sentence(workplace, tiny_bert, call, sentence):
    with pytest.raises((ValueError, TypeError), match=sentence):
        call(TextPool(str(tiny_bert), source="tiny-data"), ActiveLearning())
    assert not Path("runs").exists()


@dataclass(frozen=True)
class Flat(Acquisition):
    """Forgets to reduce the classes."""

    def __call__(self, view):
        return view.probs_KNC[0]


def test_an_acquisition_of_a_wrong_shape_is_named():
    policy = Policy(acquire=Flat(), budget=Constant(share=0.5), cluster=Ward(clusters=2))
    ledger = Ledger(torch.ones(8, dtype=torch.bool))
    with pytest.raises(ValueError, match=r"acquire: Flat must give a tensor with one score per row, \(8,\), got \(8, 2\)"):
        policy.select(0, policy.plan(2, 8), ledger, Scores(torch.rand(1, 8, 2).softmax(-1), torch.rand(8, 3)))


@pytest.mark.parametrize(
    ("probs", "embeddings", "sentence"),
    [
        (torch.rand(8, 2), torch.rand(8, 3), r"probs_KNC must have the axes K, N, C with N = 8 rows"),
        (torch.rand(1, 8, 2).numpy(), torch.rand(8, 3), "probs_KNC must be a tensor, got ndarray"),
        (torch.rand(1, 8, 2), torch.rand(7, 3), "embeddings_ND must have the axes N, D with N = 8 rows"),
    ],
)
def test_scores_of_a_wrong_shape_are_refused(probs, embeddings, sentence):
    policy, ledger = Policy(cluster=Ward(clusters=2)), Ledger(torch.ones(8, dtype=torch.bool))
    with pytest.raises(ValueError, match=sentence):
        policy.select(0, policy.plan(2, 8), ledger, Scores(probs, embeddings))


def test_names_can_be_completed():
    assert {"Bald", "Constant", "Acquisition", "TextPool", "finish"} <= set(dir(alft))
    assert all(hasattr(alft, name) for name in dir(alft))
