"""What status tells: the forecast and the word on going on, who disagrees, the picture, and the page."""

import json
import re
from base64 import b64decode
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from alft.campaign.answers import Answer
from alft.campaign.fits import Fit
from alft.campaign.outlook import Sample, outlook_of
from alft.cli.main import main
from alft.selection.forecast import WIDEST, forecast

from .campaign_material import ask, fill, finished_fit, open_reviews, posts, record

SMOOTH = {30: 0.55, 60: 0.66, 90: 0.71, 120: 0.738, 150: 0.751}
FLAT = {200: 0.8, 250: 0.801, 300: 0.8, 350: 0.801, 400: 0.8, 450: 0.801}
NOISY = {30: 0.55, 60: 0.7, 90: 0.62, 120: 0.74}
SAMPLE = Sample(100, 80)


def fits(scores: dict[int, float | None], **trained: object) -> list[Fit]:
    return [Fit(Path(f"run{n}"), n, f1, float(n), {}, trained) for n, f1 in scores.items()]


@pytest.fixture
def shown(in_a_folder, capsys):
    def status(*more: str) -> str:
        capsys.readouterr()
        assert main(["status", "posts", *more]) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    return status


class TestOutlook:
    @pytest.mark.parametrize(
        ("scores", "word", "reason"),
        [
            (SMOOTH, "go on", "50 more labels: +2.0 points of validation macro-F1 ["),
            (FLAT, "stop", "50 more labels promise at most 0."),
            (NOISY, "cannot tell yet", "(the interval is 100 points wide, and shown up to 20); one of the 80 texts of"),
            ({30: 0.5, 60: 0.6, 90: 0.7}, "cannot tell yet", "it needs 4 numbers of labels with a score, so far 3"),
            (dict.fromkeys((30, 60, 90, 120), 0.4), "cannot tell yet", "the last scores are equal"),
            ({}, "cannot tell yet", "so far 0"),
        ],
    )
    def test_word_and_reason(self, scores, word, reason):
        found = outlook_of(fits(scores), SAMPLE, 1_000)
        assert found.word == word
        assert reason in found.reason

    def test_the_forecast_is_that_of_a_run(self):
        found = outlook_of(fits(SMOOTH), SAMPLE, 1_000)
        assert found.forecast == forecast(SMOOTH, 50)
        assert outlook_of(fits(SMOOTH), SAMPLE, 20).forecast == forecast(SMOOTH, 20), "no more than there are texts"

    def test_without_a_random_sample_or_a_text_left_nothing_is_forecast(self):
        assert "without a random validation sample" in outlook_of(fits(SMOOTH), Sample(0, 0), 1_000).sentence
        assert outlook_of(fits(SMOOTH), SAMPLE, 0).sentence == "stop: no text is left to ask for"

    def test_the_newest_fit_of_a_number_counts_and_another_model_does_not(self):
        older = fits({150: 0.2, **dict.fromkeys((10, 20), 0.9)}, backbone="other")
        again = fits({30: 0.1}, backbone="this")
        assert outlook_of([*older, *again, *fits(SMOOTH, backbone="this")], SAMPLE, 1_000).scores == SMOOTH

    @pytest.mark.parametrize(
        ("name", "one", "other"),
        [
            ("backbone", "this", "other"),
            ("max_epochs", 8, 30),
            ("lr", 1e-4, None),
            ("batch_size", 16, 32),
            ("head", "Mean", "First"),
            ("budget", "Full", "Linear(start=1.0, stop=0.5)"),
            ("test_on", "last", "best"),
        ],
    )
    def test_fits_with_other_settings_are_left_out_and_told(self, name, one, other):
        found = outlook_of([*fits({20: 0.9, 25: 0.8}, **{name: other}), *fits(SMOOTH, **{name: one})], SAMPLE, 1_000)
        assert found.scores == SMOOTH
        assert found.forecast == forecast(SMOOTH, 50)
        told = f"curve and forecast: of 5 fits; left out: 2 with other settings than the newest ({name})"
        assert found.curve.sentence == told

    def test_older_fits_with_as_many_labels_are_told(self):
        found = outlook_of([*fits({30: 0.1}), *fits(SMOOTH)], SAMPLE, 1_000)
        assert found.scores == SMOOTH
        assert found.curve.sentence.endswith("of 5 fits; left out: 1 in whose place a newer one with as many labels counts")

    def test_what_chooses_the_next_texts_does_not_matter_to_a_fit_on_all_labels(self):
        mixed = [
            *fits({30: 0.55, 60: 0.66}, acquire="Margin", cluster="Whole", budget="Full"),
            *fits({90: 0.71}, acquire=None, cluster="Ward(clusters=10)", budget="Full"),
        ]
        assert outlook_of(mixed, SAMPLE, 1_000).scores == {30: 0.55, 60: 0.66, 90: 0.71}
        chosen = [*fits({30: 0.55}, acquire="Margin", budget="Linear"), *fits({60: 0.6}, acquire="Random", budget="Linear")]
        assert outlook_of(chosen, SAMPLE, 1_000).scores == {60: 0.6}

    def test_nothing_is_told_where_all_are_compared(self):
        assert outlook_of(fits(SMOOTH), SAMPLE, 1_000).curve.sentence == ""
        assert outlook_of([], SAMPLE, 1_000).curve.sentence == ""

    def test_a_fit_that_diverged_has_no_score(self):
        assert outlook_of(fits({**SMOOTH, 180: None}), SAMPLE, 1_000).scores == SMOOTH


def answers_of_three() -> None:
    """Ana and Bo and Cy on six texts: Cy differs on two, and one text of Ana and Bo is tied."""
    script = open_reviews(60, "--validation", "10")
    ids = ask("a.csv", "--count", "10")[10:]
    other = dict(zip(sorted(set(script.values())), sorted(set(script.values()), reverse=True), strict=True))
    record(*(Answer(i, script[i], who, seconds=4.0, tool="x") for i in ids[:6] for who in ("Ana", "Bo")))
    record(*(Answer(i, script[i] if n > 1 else other[script[i]], "Cy", tool="x") for n, i in enumerate(ids[:6])))
    record(Answer(ids[6], script[ids[6]], "Ana", seconds=8.0), Answer(ids[6], other[script[ids[6]]], "Bo"))
    record(Answer(ids[7], script[ids[7]], "Ana"), Answer(ids[8], None, "Cy"))


def test_who_disagrees_is_counted_on_texts_of_several_people(shown):
    answers_of_three()
    found = json.loads(shown("--format", "json"))
    assert [(one["annotator"], one["labels"], one["shared"], one["differ"], one["tied"]) for one in found["records"]] == [
        ("Cy", 6, 6, 2, 0),
        ("Ana", 8, 6, 0, 1),
        ("Bo", 7, 6, 0, 1),
    ]
    assert [one["share"] for one in found["records"]] == [pytest.approx(1 / 3), 0, 0]
    assert found["ask_again"] == posts().state.tied()
    assert len(found["ask_again"]) == 1
    assert [(one["one"], one["other"], one["texts"]) for one in found["pairs"]] == [
        ("Ana", "Bo", 7),
        ("Ana", "Cy", 6),
        ("Bo", "Cy", 6),
    ]
    assert (found["resolve"], found["outlook"]["word"], found["outlook"]["forecast"]) == ("majority", "cannot tell yet", None)
    told = shown()
    assert re.search(r"Cy +│ 6 +│ 6 +│ 2 +│ 33% +│ 0", told)
    assert f"tied, asked again and not trained on: 1 text: {found['ask_again'][0]}" in told


def test_kappa_of_two_is_that_of_scikit_learn(shown):
    from sklearn.metrics import cohen_kappa_score

    answers_of_three()
    votes: dict[str, dict[str, str]] = {}
    for text_id, given in posts().state.standing.items():
        for one in given.values():
            if one.label:
                votes.setdefault(one.annotator, {})[text_id] = one.label
    for pair in json.loads(shown("--format", "json"))["pairs"]:
        one, other = votes[pair["one"]], votes[pair["other"]]
        both = sorted(one.keys() & other.keys())
        assert pair["kappa"] == pytest.approx(cohen_kappa_score([one[i] for i in both], [other[i] for i in both]))


def test_the_forecast_is_in_the_table_and_in_json(shown):
    open_reviews(300, "--validation", "10")
    for number, (labels, f1) in enumerate(SMOOTH.items()):
        finished_fit(number, labels, f1)
    found = json.loads(shown("--format", "json"))["outlook"]["forecast"]
    expected = forecast(SMOOTH, 50)
    assert found == {"labels": 50, "gain": expected.gain, "low": expected.low, "high": expected.high, "tells": True}
    assert found["high"] - found["low"] <= WIDEST
    assert "go on: 50 more labels: +2.0 points of validation macro-F1 [0.7, 3.3]" in shown()


def test_fits_with_other_settings_are_left_out_of_curve_and_forecast(shown):
    open_reviews(300, "--validation", "10")
    finished_fit(0, 45, 0.9, training={"max_epochs": 30})
    for number, (labels, f1) in enumerate(SMOOTH.items(), start=1):
        finished_fit(number, labels, f1)
    found = json.loads(shown("--format", "json"))["outlook"]
    assert found["curve"]["scores"] == {str(labels): f1 for labels, f1 in SMOOTH.items()}
    assert (found["curve"]["other_settings"], found["curve"]["differing"], found["curve"]["older"]) == (1, ["max_epochs"], 0)
    told = shown("--html", "a.html")
    sentence = "curve and forecast: of 5 fits; left out: 1 with other settings than the newest (max_epochs)"
    assert sentence in " ".join(told.split())
    assert "go on: 50 more labels: +2.0 points" in told
    assert sentence in Path("a.html").read_text()


def test_real_fits_are_compared_whatever_their_seed_and_told_apart_by_their_epochs(fit, capsys):
    script = open_reviews(90, "--validation", "20")
    for number, count in enumerate((20, 10)):
        ask(f"{number}.csv", "--count", str(count))
        fill(f"{number}.csv", lambda i: script[i])
        assert main(["take", "posts", f"{number}.csv"]) == 0
        fit("--data.source", "posts", f"--trainer.max_epochs={3 - number}")
    fit("--data.source", "posts", "--seed_everything=4", "--trainer.max_epochs=2")
    capsys.readouterr()
    assert main(["status", "posts", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["labels"] for one in found["fits"]] == [20, 30, 30]
    assert found["outlook"]["curve"] == {
        **{"scores": {"30": found["fits"][2]["val_f1_macro"]}, "other_settings": 1, "differing": ["max_epochs"], "older": 1}
    }


def test_the_picture_is_the_same_each_time_and_is_not_written_over_unasked(shown, capsys):
    answers_of_three()
    for number, (labels, f1) in enumerate(SMOOTH.items()):
        finished_fit(number, labels, f1)
    shown("--plot", "one.png", "--html", "one.html")
    shown("--plot", "two.png", "--html", "two.html")
    assert Path("one.png").read_bytes().startswith(b"\x89PNG")
    assert Path("one.png").read_bytes() == Path("two.png").read_bytes()
    assert Path("one.html").read_bytes() == Path("two.html").read_bytes()
    for more, sentence in (
        (["--plot", "one.png"], "plot: one.png is there already; --force writes over it"),
        (["--html", "one.html"], "html: one.html is there already; --force writes over it"),
        (["--plot", "a.pdf"], "plot: a.pdf must end in one of .png"),
        (["--html", "none/a.html"], "html: there is no folder none"),
    ):
        assert main(["status", "posts", *more]) == 2
        assert sentence in capsys.readouterr().err
    shown("--plot", "one.png", "--html", "one.html", "--force")


def test_a_campaign_of_nothing_has_a_picture_and_a_page(shown):
    open_reviews(40, "--validation", "5")
    shown("--plot", "a.png", "--html", "a.html")
    assert "no finished fit" in "".join(pictures(Path("a.html").read_text()))


class Page(HTMLParser):
    """Collects elements with their attributes, and the texts."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(content)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)


def pictures(content: str) -> list[str]:
    sources = [attributes["src"] for tag, attributes in Page(content).elements if tag == "img"]
    return [b64decode(source.removeprefix("data:image/svg+xml;base64,")).decode() for source in sources]


def test_the_page_escapes_every_text_and_loads_nothing(shown):
    script = open_reviews(60, "--validation", "10")
    ids = ask("a.csv", "--count", "6")[10:]
    evil = '<script>alert("1")</script>&\x1b[31m$x_1$'
    record(*(Answer(i, script[i], who, seconds=3.0, tool="x") for i in ids for who in ("Ana", evil, "王小明")))
    record(Answer(ids[0], "<b>new</b>", "Dee"))
    shown("--html", "a.html")
    content = Path("a.html").read_text(encoding="utf-8")
    page = Page(content)
    assert {tag for tag, _ in page.elements}.isdisjoint({"script", "b\\x1b", "link", "iframe", "form"})
    assert any('<script>alert("1")</script>&\\x1b[31m$x_1$' in text for text in page.texts), "shown as typed"
    sources = [value for _, attributes in page.elements for name, value in attributes.items() if name in ("src", "href")]
    assert len(sources) == 3
    assert all(str(source).startswith("data:image/svg+xml;base64,") for source in sources)
    assert "http://" not in content
    assert "https://" not in content
    for picture in pictures(content):
        root = ElementTree.fromstring(picture)
        assert not any(element.tag.endswith("script") for element in root.iter())
    assert "王小明" in pictures(content)[2]
    assert any(attributes.get("content") == "width=device-width, initial-scale=1" for _, attributes in page.elements)


def test_ids_of_ties_are_in_the_page_and_texts_are_not(shown):
    answers_of_three()
    shown("--html", "a.html")
    content, campaign = Path("a.html").read_text(encoding="utf-8"), posts()
    assert campaign.state.tied()[0] in content
    assert not any(text in content for text in campaign.pool.texts if len(text) > 20)


def test_the_next_command_is_one_that_has_something_to_do(shown):
    script = open_reviews(30, "--validation", "5")
    ask("a.csv", "--count", "25")
    assert "next: python -m alft take posts FILE with the answers that are missing, or python -m alft close posts" in shown()
    fill("a.csv", lambda text_id: script[text_id])
    assert main(["take", "posts", "a.csv"]) == 0
    assert "next: python -m alft fit" in shown()
