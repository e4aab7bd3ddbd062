"""Rows whose label is never learned are left out of training: the rule, the plan, runs, and what goes on from them."""

import json

import pandas as pd
import pytest
import torch

from alft.cli.main import main
from alft.selection.budget import Constant
from alft.selection.ledger import Ledger, Selection
from alft.selection.policy import Policy
from alft.selection.unlearned import filled, never_learned

from .conftest import summary_of
from .faults import Kill, differences, run, run_together
from .resuming import GO_ON, TINY, first_step_of, refused, runs
from .test_processes import free_port
from .test_suspects import FLIPPED, write_mislabelled

NAN = float("nan")


def left_out(learned: dict[int, list[float]], epochs: int, labels: list[int], at: int | None = None) -> list[int]:
    """Rows that are left out of the epoch after these; row i has the i-th probability of each epoch."""
    size = len(labels)
    ledger = Ledger(torch.ones(size, dtype=torch.bool))
    for epoch, probs in learned.items():
        ledger.record(epoch, Selection(torch.arange(len(probs))))
        ledger.learned[epoch] = torch.tensor(probs)
    rows = torch.arange(size)
    before = range(len(learned) if at is None else at)
    return rows[never_learned(ledger, before, rows, torch.tensor(labels), epochs)].tolist()


@pytest.mark.parametrize(
    ("probs", "epochs", "out"),
    [
        ([0.2], 1, True),
        ([0.2], 2, False),  # too few epochs
        ([0.2, 0.3], 2, True),
        ([0.5, 0.5], 2, True),  # not above a half
        ([0.2, 0.51], 2, False),
        ([0.6, 0.2, 0.3], 2, True),  # the last two count
        ([0.6, 0.2, 0.3], 3, False),
        ([0.2, 0.6, 0.3], 2, False),
        ([0.2, 0.3, NAN], 2, True),  # left out before: it stays so
        ([0.2, NAN, 0.3], 2, True),  # epochs that trained on it
        ([NAN, NAN], 1, False),
    ],
)
def test_the_rule(probs, epochs, out):
    learned = {epoch: [prob, 0.9, 0.9, 0.9] for epoch, prob in enumerate(probs)}
    assert left_out(learned, epochs, [0, 0, 0, 1]) == ([0] if out else [])


def test_a_class_that_is_not_learned_is_kept():
    probs = {0: [0.1, 0.1, 0.9, 0.1, 0.9, 0.9]}
    assert left_out(probs, 1, [0, 0, 0, 1, 1, 1]) == [3]  # two of three of class 0
    assert left_out(probs, 1, [0, 0, 1, 1, 1, 1]) == [3]
    assert left_out({0: [0.1, 0.9, 0.1, 0.9]}, 1, [0, 0, 1, 1]) == [0, 2]  # half may go
    assert left_out({0: [0.1] * 4}, 1, [0, 0, 1, 1]) == []


def test_rows_without_an_answer_stay():
    assert left_out({0: [NAN, 0.1, 0.9, 0.9, NAN]}, 1, [-1, 0, 0, 1, -1]) == [1]


def test_rows_that_were_not_trained_on_and_later_epochs_do_not_count():
    assert left_out({0: [0.1, 0.9, 0.9]}, 1, [0, 0, 0, 0, 0]) == [0]
    assert left_out({0: [0.9, 0.9, 0.9], 1: [0.1, 0.9, 0.9]}, 1, [0, 0, 0], at=1) == []


@pytest.mark.parametrize(
    ("pace", "begun"),
    [
        ({}, [0] * 6),
        ({"every_n_epochs": 3}, [0] * 6),
        ({"every_n_epochs": 3, "restart": "each_set"}, [0, 0, 0, 3, 3, 3]),
        ({"every_n_epochs": 2, "restart": "each_set"}, [0, 0, 2, 2, 4, 4]),
        ({"refit": 2}, [0, 0, 0, 0, 4, 4]),
        ({"every_n_epochs": 2, "restart": "each_set", "refit": 2}, [0, 0, 2, 2, 4, 4]),
    ],
    ids=str,
)
def test_the_count_begins_anew_where_the_weights_do(pace, begun):
    """Row 0 is never learned, row 1 not in the last epoch of each beginning and the first of the next."""
    policy = Policy(budget=Constant(count=4), mode="accumulate", drop_unlearned=1, **pace)
    plan, rows, labels_R = policy.plan(6, 40), torch.arange(8), torch.zeros(8, dtype=torch.int64)
    ledger = Ledger(torch.ones(40, dtype=torch.bool))
    assert [plan.weights_since(epoch) for epoch in range(6)] == begun
    for epoch in range(6):
        out = rows[policy.left_out(epoch, plan, ledger, rows, labels_R)].tolist()
        assert out == ([0] if epoch > begun[epoch] else [])
        ledger.record(epoch, Selection(rows))
        ledger.learned[epoch] = torch.tensor([0.1, *[0.9] * 7])


def test_places_are_filled_with_other_rows_of_the_set():
    rows = torch.arange(10, 20)
    assert torch.equal(filled(rows, torch.zeros(10, dtype=torch.bool), 0, 3), rows)
    out_R = torch.zeros(10, dtype=torch.bool)
    out_R[[1, 4, 5]] = True
    found = filled(rows, out_R, 0, 3)
    assert torch.equal(found, filled(rows, out_R, 0, 3))
    assert len(found) == 10
    assert set(found.tolist()) == set(rows[~out_R].tolist())
    assert len(set(found[7:].tolist())) == 3, "each at most twice"
    assert not torch.equal(found, filled(rows, out_R, 0, 4))


SETS = [
    *("--active.mode=accumulate", "--active.budget=Constant", "--active.budget.count=12", "--trainer.max_epochs=4"),
    *("--active.max_unique=null", "--model.head=Mean", "--model.lr=3e-3", "--controls=none"),
]
DROP = ["--active.drop_unlearned=1"]


def learned(folder):
    return pd.read_parquet(folder / "selection.parquet")


def test_off_by_default(fit):
    summary, table = summary_of(folder := fit(*SETS)), learned(folder)
    assert summary["settings"]["selection"]["drop_unlearned"] is None
    assert all("left_out" not in record for record in summary["epochs"])
    assert table["learned"].notna().all()


def test_rows_leave_training_and_stay_bought_and_the_plan_holds(fit):
    whole, folder = fit(*SETS), fit(*SETS, *DROP)
    summary, table = summary_of(folder), learned(folder)
    out = table[table["learned"].isna()]
    assert len(out) > 0
    assert [record["left_out"] for record in summary["epochs"]] == [int((out["epoch"] == epoch).sum()) for epoch in range(4)]
    assert summary["epochs"][0]["left_out"] == 0
    for key in ("selected", "bought", "share"):
        assert [r[key] for r in summary["epochs"]] == [r[key] for r in summary_of(whole)["epochs"]], key
    assert (summary["labels"]["bought"], summary["labels"]["skipped"]) == (48, 0)
    for line in out.itertuples():  # the epoch before that trained on it did not learn it
        before = table[(table["row"] == line.row) & (table["epoch"] < line.epoch)].dropna(subset="learned")
        assert before["learned"].iloc[-1] <= 0.5
    steps = {name: torch.load(name / "checkpoints" / "last.ckpt", weights_only=True)["global_step"] for name in (whole, folder)}
    assert len(set(steps.values())) == 1, "as many steps as planned"


def test_each_set_that_begins_anew_is_trained_on_whole(fit):
    folder = fit(*SETS, *DROP, "--active.every_n_epochs=2", "--active.restart=each_set")
    counted = [record["left_out"] for record in summary_of(folder)["epochs"]]
    assert counted[0] == counted[2] == 0
    assert counted[1] > 0
    assert counted[3] > 0
    assert learned(folder).groupby("epoch")["learned"].apply(lambda probs: int(probs.isna().sum())).tolist() == counted


def test_flipped_rows_leave(fit, workplace, tiny_data):
    """Labels that contradict the words of their texts are not learned."""
    write_mislabelled(workplace, tiny_data)
    folder = fit(
        *("--active.acquire=Random", "--active.budget=Full", "--active.max_unique=null", "--trainer.max_epochs=8"),
        *("--model.head=Mean", "--model.lr=1e-3", "--controls=none", "--active.drop_unlearned=3", "--data.batch_size=16"),
    )
    table = learned(folder)
    last = table[table["epoch"] == 7]
    out = set(last[last["learned"].isna()]["row"])
    assert out >= FLIPPED
    assert len(out - FLIPPED) <= 4


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--active.drop_unlearned=0"], "active.drop_unlearned must be at least 1 or null, got 0"),
        (["--active.drop_unlearned=4"], "active.drop_unlearned can never act: it leaves a row out after 4 epochs"),
        ([*DROP, "--active.mode=unseen"], "this run trains on none in more than 1"),
        ([*DROP, "--active.restart=each_set"], "in more than 1 from one beginning of the weights to the next"),
        (
            ["--active.drop_unlearned=2", "--active.every_n_epochs=2", "--active.restart=each_set"],
            "it leaves a row out after 2 epochs, and this run trains on none in more than 2 from one beginning of the weights",
        ),
        (["--active.drop_unlearned=3", "--active.mode=unseen", "--active.refit=3"], "trains on none in more than 3"),
    ],
)
def test_values_that_cannot_act_are_refused(workplace, capsys, more, told):
    assert told in refused([*TINY, *SETS, *more], capsys)


def test_a_replay_leaves_out_the_same_rows(fit):
    first = fit(*SETS, *DROP)
    again = fit(*SETS, f"--active.replay={first}", "--seed_everything=5")
    one, other = learned(first), learned(again)
    assert one["row"].tolist() == other["row"].tolist()
    assert one["learned"].isna().tolist() == other["learned"].isna().tolist()
    assert [r["left_out"] for r in summary_of(first)["epochs"]] == [r["left_out"] for r in summary_of(again)["epochs"]]
    assert main([*TINY, *SETS, f"--active.replay={first}", "--seed_everything=0"]) == 0
    same = sorted(first.parent.iterdir())[-1]
    assert learned(same)["learned"].equals(one["learned"]), "with its seed the run itself"


def test_rows_without_an_answer_are_none_that_were_left_out(fit):
    people = ["--data.skip=0.3", "--active.acquire=Random"]
    first = fit(*SETS, *DROP, *people)
    one, table = summary_of(first), learned(first)
    silent = table.groupby("row")["learned"].apply(lambda probs: probs.isna().all())
    assert one["labels"]["skipped"] == silent.sum() > 0
    assert sum(record["left_out"] for record in one["epochs"]) > 0
    again = fit(*SETS, *people, f"--active.replay={first}")
    assert learned(again)["learned"].equals(table["learned"])
    assert [r["left_out"] for r in summary_of(again)["epochs"]] == [r["left_out"] for r in one["epochs"]]


def test_a_replay_of_a_run_whose_model_diverged_leaves_nothing_out(fit):
    """Probabilities that are not finite are null, too."""
    folder = fit(*SETS)
    table = learned(folder)
    table.loc[table["epoch"] == 2, "learned"] = None
    table.to_parquet(folder / "selection.parquet", index=False)
    assert learned(fit(*SETS, f"--active.replay={folder}"))["learned"].notna().all()


def test_a_killed_run_goes_on_to_the_same_end(workplace):
    more = [*SETS, *DROP]
    assert run([*TINY, *more], workplace).code == 0
    whole = runs(workplace)[0]
    assert learned(whole)["learned"].isna().any()
    assert run([*TINY, *more], workplace, Kill("training", first_step_of(2, whole) + 1)).code == -9
    ended = run([*GO_ON, *more], workplace)
    assert ended.code == 0, ended.err
    assert differences(whole, runs(workplace)[1]) == []


def test_two_processes_leave_out_the_same_rows(workplace):
    """Each trains on its half of one order of one set: a row that is left out is trained on by neither."""
    for ended in run_together([*TINY, *SETS, *DROP], workplace, 2, free_port()):
        assert ended.code == 0, ended.err
    folder = runs(workplace)[0]
    table = learned(folder)
    out = table[table["learned"].isna()]
    assert len(out) > 0
    counted = [record["left_out"] for record in json.loads((folder / "summary.json").read_text())["epochs"]]
    assert counted == [int((out["epoch"] == epoch).sum()) for epoch in range(4)]
