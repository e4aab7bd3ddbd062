"""How many texts a round asks for, and suggestions beside them."""

import csv
import json
from io import StringIO
from pathlib import Path

import pytest
import torch
import yaml

from alft.campaign.counting import Count, Rule, count_of, in_labels
from alft.campaign.suggestion import suggestions
from alft.campaign.tools.doccano import Doccano
from alft.campaign.tools.known import tools
from alft.campaign.tools.label_studio import LabelStudio
from alft.campaign.tools.spreadsheet import Spreadsheet
from alft.cli.main import main
from alft.selection.budget import Constant, Full, Linear
from alft.selection.labels import Labels

from .campaign_material import ask, fill, open_reviews, posts


class TestCount:
    @pytest.mark.parametrize(
        ("rule", "number", "asked", "expected"),
        [
            (Rule(), 0, 0, Count(50, "50 by default, since no active.budget counts rounds")),
            (Rule(7, Labels((100,))), 0, 0, Count(7, "--count")),
            (Rule(0, max_unique=0.1), 3, 20, Count(0, "--count")),
            (Rule(budget=Labels((30, 20))), 1, 30, Count(20, "active.budget Labels(counts=(30, 20)) in round 1")),
            (Rule(budget=Constant(count=12)), 5, 0, Count(12, "active.budget Constant(count=12) in round 5")),
            (Rule(budget=Constant(0.1)), 5, 0, Count(20, "active.budget Constant(share=0.1) in round 5")),
            (Rule(budget=Linear(0.3, 0.1), rounds=3), 1, 0, Count(40, "active.budget Linear(start=0.3, stop=0.1) in round 1")),
            (
                Rule(budget=Labels((30, 30)), max_unique=0.2),
                1,
                30,
                Count(10, "active.max_unique 0.2 allows 40 texts, and 30 were asked before or have a label"),
            ),
        ],
    )
    def test_of_200_texts(self, rule, number, asked, expected):
        assert count_of(rule, number, 200, asked) == expected

    @pytest.mark.parametrize(
        ("rule", "number", "message"),
        [
            (Rule(budget=Labels((30, 20))), 2, r"has no text for round 2; give --count"),
            (Rule(budget=Linear()), 0, r"trainer\.max_epochs of the config; add it, or give --count"),
            (Rule(budget=Linear(), rounds=3), 3, r"over 3 rounds \(trainer\.max_epochs\), and this is round 3"),
            (Rule(max_unique=0.2), 2, r"allows 40 texts, and 40 were asked .*; raise it, or give --count 0"),
        ],
    )
    def test_refusals(self, rule, number, message):
        with pytest.raises(ValueError, match=message):
            count_of(rule, number, 200, 40)

    def test_the_sum_over_rounds_never_exceeds_the_cap(self):
        rule, asked = Rule(budget=Labels((30, 30, 30, 30)), max_unique=0.35), 0
        for number in range(3):
            asked += count_of(rule, number, 200, asked).number
        assert asked == 70

    def test_which_budgets_count_labels(self):
        assert [in_labels(budget) for budget in (Labels(), Constant(count=3), Constant(), Linear(), Full())] == [
            *(True, True),
            *(False, False, False),
        ]


def write_config(path: str, budget: dict | None = None, epochs: int | None = None, **active: object) -> None:
    blocks: dict = {"active": {**({} if budget is None else {"budget": budget}), **active}}
    blocks |= {} if epochs is None else {"trainer": {"max_epochs": epochs}}
    Path(path).write_text(yaml.safe_dump(blocks))


def chosen(path: str, *more: str) -> int:
    """Asks; the number of texts that were chosen."""
    ids = set(ask(path, "--more", *more))
    newest = [event for event in posts().state.asked if event.purpose == "train"][-1]
    assert set(newest.ids) <= ids
    return len(newest.ids)


def test_a_typed_budget_counts_the_rounds_and_the_cap_all_of_them(in_a_folder, capsys):
    open_reviews(110, "--validation", "10")
    write_config("rounds.yaml", {"class_path": "Labels", "init_args": {"counts": [20, 15, 9]}}, max_unique=0.4)
    assert chosen("0.csv", "--config", "rounds.yaml") == 20
    assert "number: active.budget Labels(counts=(20, 15, 9)) in round 0" in capsys.readouterr().out
    assert chosen("1.csv", "--config", "rounds.yaml") == 15
    assert chosen("2.csv", "--config", "rounds.yaml") == 5
    told = " ".join(capsys.readouterr().out.split())
    assert "number: active.max_unique 0.4 allows 40 texts, and 35 were asked before or have a label" in told
    assert main(["ask", "posts", "--to", "3.csv", "--more", "--config", "rounds.yaml", "--count", "3"]) == 2
    assert "active.max_unique 0.4 allows 40 texts, and 40 were asked before" in capsys.readouterr().err
    assert chosen("3.csv", "--count", "3") == 3


def test_shares_go_over_the_rounds_of_the_config_and_full_asks_for_the_default(in_a_folder, capsys):
    open_reviews(110, "--validation", "10")
    linear = {"class_path": "Linear", "init_args": {"start": 0.3, "stop": 0.1}}
    write_config("linear.yaml", linear, epochs=3)
    assert [chosen(f"{n}.csv", "--config", "linear.yaml") for n in range(2)] == [30, 20]
    write_config("full.yaml", {"class_path": "Full"}, epochs=3)
    capsys.readouterr()
    assert chosen("2.csv", "--config", "full.yaml") == 50
    assert "number: 50 by default, since no active.budget counts rounds" in capsys.readouterr().out


def column(path: str, name: str) -> dict[str, str]:
    rows = csv.DictReader(StringIO(Path(path).read_text(encoding="utf-8-sig")))
    return {row["id"]: row[name] for row in rows}


def test_suggestions_are_those_of_the_newest_fit_and_are_no_answers(fit, capsys):
    script = open_reviews(150, "--validation", "20", "--model.backbone", "tiny-bert", "--data.max_length", "32")
    assert main(["ask", "posts", "--to", "a.csv", "--suggest"]) == 2
    told = capsys.readouterr().err
    assert "suggest: no finished fit of posts with a checkpoint is in runs" in told
    assert posts().state.asked == [], "nothing was asked"
    sampled = ask("a.csv", "--count", "30")[0]
    fill("a.csv", lambda i: "" if i == sampled else script[i])
    assert main(["take", "posts", "a.csv"]) == 0
    assert main(["close", "posts"]) == 0
    run = fit("--data.source", "posts")
    ids = ask("b.csv", "--count", "12", "--suggest")
    suggested = column("b.csv", "suggested")
    assert set(suggested) == set(ids)
    assert suggested.pop(sampled) == "", "the random sample is to judge the model"
    assert set(suggested.values()) <= {"negative", "positive"}
    assert expected_labels(run, list(suggested)) == suggested
    assert set(column("b.csv", "label").values()) == {""}
    before = posts().state.standing.keys()
    assert main(["take", "posts", "b.csv"]) == 0
    assert posts().state.standing.keys() == before, "a suggestion that comes back is no answer"
    assert ask("b.json.csv", "--count", "12") == ids
    assert main(["ask", "posts", "--to", "tasks.json", "--suggest", "--trainer.enable_progress_bar", "false"]) == 0
    tasks = json.loads(Path("tasks.json").read_text())
    predicted = {task["data"]["alft_id"]: task["predictions"] for task in tasks if "predictions" in task}
    assert {i: one[0]["result"][0]["value"]["choices"] for i, one in predicted.items()} == {
        i: [s] for i, s in suggested.items()
    }
    capsys.readouterr()
    assert main(["ask", "posts", "--to", "c.doccano.jsonl", "--suggest"]) == 2
    assert "suggest: a file of doccano has no place for a suggestion" in capsys.readouterr().err


def test_a_model_that_cannot_tell_suggests_nothing(fit, capsys):
    """Its last layer is zero, as that of a model that was not trained."""
    script = open_reviews(90, "--validation", "10")
    ask("a.csv", "--count", "30")
    fill("a.csv", lambda i: script[i])
    assert main(["take", "posts", "a.csv"]) == 0
    weights = next(fit("--data.source", "posts").glob("checkpoints/last*.ckpt"))
    checkpoint = torch.load(weights, weights_only=True)
    for name, value in checkpoint["state_dict"].items():
        if value.shape[:1] == (2,) and "encoder" not in name:
            value.zero_()
    torch.save(checkpoint, weights)
    capsys.readouterr()
    ask("b.csv", "--count", "7", "--suggest", "--ckpt_path", str(weights))
    assert "suggested" not in Path("b.csv").read_text(encoding="utf-8-sig").splitlines()[0]
    assert "no suggestion, since the model gives two labels the same probability: 7" in capsys.readouterr().out


def test_labels_that_are_as_probable_as_another_are_not_suggested():
    probs_NC = torch.tensor([[0.5, 0.5, 0.0], [0.5, 0.4999999, 0.0], [0.34, 0.33, 0.33], [0.3, 0.3, 0.4], [1 / 3] * 3])
    assert suggestions(probs_NC, ["a", "b", "c"]) == [None, None, "a", "c", None]


def expected_labels(run: Path, ids: list[str]) -> dict[str, str]:
    """What ``predict`` says of these texts."""
    pool = posts().pool
    lines = StringIO()
    csv.writer(lines).writerows([["text"], *([pool.texts[pool.row_of[i]]] for i in ids)])
    Path("new.csv").write_text(lines.getvalue())
    weights = str(next(run.glob("checkpoints/last*.ckpt")))
    assert main(["predict", "--ckpt_path", weights, "--data.predict", "new.csv", "--output", "out.csv"]) == 0
    with Path("out.csv").open(newline="") as file:
        return dict(zip(ids, [row["predicted"] for row in csv.DictReader(file)], strict=True))


def test_every_format_that_suggests_gives_no_answer_by_it(in_a_folder):
    from alft.campaign.answers import Asked

    ids = ["t0000000000000000", "t0000000000000001"]
    rows = [Asked(ids[0], "one", suggestion="pos"), Asked(ids[1], "two")]
    for tool in (tool for tool in tools() if tool.endings):
        content = tool.write(rows, ["neg", "pos"])
        assert tool.recognises(content)
        assert tool.read(content, ["neg", "pos"], ids).answers == []
        assert (b'"pos"' in content.replace(b'"id": "pos", "text": "pos"', b"")) == tool.suggests or tool.name == "spreadsheet"
    assert not Doccano().suggests
    assert b"suggested" not in Spreadsheet().write(rows[1:], ["neg", "pos"])


def test_a_skipped_task_that_carries_the_choice_of_the_model_is_skipped():
    choice = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["pos"]}}
    data = {"text": "x", "alft_id": "t0"}
    done = {"id": 1, "completed_by": 1, "result": [choice], "was_cancelled": True}
    tasks = [{"data": data, "predictions": [{"result": [choice]}], "annotations": [done]}]
    tasks += [{"data": {**data, "alft_id": "t1"}, "predictions": [{"result": [choice]}], "annotations": []}]
    found = LabelStudio().read(json.dumps(tasks).encode(), ["neg", "pos"], ["t0", "t1"]).answers
    assert [(answer.text_id, answer.label) for answer in found] == [("t0", None)]
