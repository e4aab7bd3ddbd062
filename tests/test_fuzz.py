"""Any content of a file or setting gives a run or one clear error message."""

import json
import random
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import lightning.pytorch.callbacks
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from alft.cli.fit_command import AlftCLI
from alft.cli.main import main
from alft.data.demo import make_reviews

from .conftest import summary_of, write_csv

SECONDS = 120
"""A case that takes longer hangs."""

WORDS = (
    *("good film", "poor plot", "NA", "null", "", " ", "0", "007", "-1.5", "1e400", "true", "x" * 3000, "e\u0301" * 40),
    *("\N{PARTY POPPER}\N{BROKEN HEART}", "\u05e9\u05dc\u05d5\u05dd", "\u0645\u0631\u062d\u0628", "\u202eabc", "\ufeffmark"),
    *("a\x00b", "\x00", "=cmd|' /C calc'!A0", "@SUM(1+1)*cmd", "+1", "line\nbreak", "carriage\rreturn", 'say ""so""', "a,b"),
    *("\ufffd", "a\tb", "<script>", "' OR 1=1", "${HOME}", "{{7*7}}", "%s%n", "\\", '"', "'", "[PAD] [MASK]"),
)
LABELS = ("a", "b", "0", "1", "positive", "", "NA", "1.0", "\u00df", "\N{PARTY POPPER}")
HEADERS = (
    *["text,label"] * 4,
    " text, label",
    "text,label,,",
    "text,label,extra",
    "label,text",
    "text",
    "a,b",
    "text,text",
    "sentence,class",
    "",
)
SHRED = (b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b'"', b"\n", b",", b"\\ud800", b"[", b"{")


class NotTrained(BaseException):
    """The case would be trained, and enough of them were."""


class Cases:
    """Runs cases in one process and counts how they end; at most so many of them are trained."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, trained: int) -> None:
        self.capsys, self.left, self.ends = capsys, trained, Counter()
        train = AlftCLI.fit

        def fit(cli: AlftCLI, **kwargs: object) -> None:
            if self.left <= 0:
                raise NotTrained
            self.left -= 1
            train(cli, **kwargs)

        monkeypatch.setattr(AlftCLI, "fit", fit)
        signal.signal(signal.SIGALRM, self._hangs)

    def try_out(self, arguments: list[str]) -> None:
        """One case: a run with its summary, or a sentence and no run folder that looks complete."""
        signal.alarm(SECONDS)
        try:
            code = main(["fit", "--config", "configs/tiny.yaml", "--trainer.enable_progress_bar", "false", *arguments])
        except NotTrained:
            code = None
        except (Exception, SystemExit) as error:
            raise AssertionError(f"{arguments} end in {type(error).__name__}: {error}") from error
        finally:
            signal.alarm(0)
        told = self.capsys.readouterr().err
        finished = [path.parent for path in Path("runs").rglob("summary.json")]
        if code == 0:
            (folder,) = finished
            assert summary_of(folder)["labels"]["bought"] > 0
        else:
            assert not finished, arguments
        if code == 2:
            assert told.startswith("alft: error: "), (arguments, told)
            assert told.count("\n") == 1, (arguments, told)
            assert len(told.split()) >= 5, (arguments, told)
        self.ends[{0: "trained", 2: "refused", None: "accepted"}[code]] += 1
        shutil.rmtree("runs", ignore_errors=True)

    def _hangs(self, signum: int, frame: object) -> None:
        raise AssertionError("it hangs")


def a_file(rng: random.Random, words: list[str]) -> list[str]:
    """A file as tools and people write it, often broken."""
    count, labels = rng.choice([0, 1, 3, 12, 40]), LABELS[: rng.randint(1, len(LABELS))]
    rows = [(rng.choice([*WORDS, *words]), rng.choice(labels)) for _ in range(count)]
    if rng.random() < 0.5:  # half of them are mostly sound
        rows += [(f"text {number}", "ab"[number % 2]) for number in range(40)]
    suffix = rng.choice([".csv", ".csv", ".tsv", ".jsonl", ".json"])
    content = _json(rng, rows, suffix) if "json" in suffix else _csv(rng, rows, "\t" if suffix == ".tsv" else ",")
    raw = content.encode(rng.choice(["utf-8", "utf-8", "utf-8", *ENCODINGS]), errors="replace")
    Path(f"fuzz{suffix}").write_bytes(_damaged(rng, raw) if rng.random() < 0.5 else raw)
    quotes = ["--data.quotes", "false"] if rng.random() < 0.1 else []
    return ["--data.source", f"fuzz{suffix}", "--active.cluster", "Whole", "--trainer.max_epochs", "1", *quotes]


ENCODINGS = ("utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "cp1250", "iso8859-2")


def _csv(rng: random.Random, rows: list[tuple[str, str]], usual: str) -> str:
    separator, quoted = rng.choice([usual, usual, ";", "\t", "|"]), rng.random() < 0.7
    cells = ['"' + text.replace('"', '""') + '"' if quoted else text for text, _ in rows]
    lines = [f"{cell}{separator}{label}" for cell, (_, label) in zip(cells, rows, strict=True)]
    header = rng.choice(HEADERS).replace(",", separator)
    declared = [f"sep={separator}"] if rng.random() < 0.1 else []
    return rng.choice(["\n", "\n", "\r\n"]).join([*declared, header, *lines]) + rng.choice(["\n", ""])


def _json(rng: random.Random, rows: list[tuple[str, str]], suffix: str) -> str:
    write = rng.choice([_records, _records, _records, _export, _oriented])
    whole = write(rng, rows)
    if suffix == ".json" or not isinstance(whole, list):
        return json.dumps(whole, ensure_ascii=rng.random() < 0.5, indent=rng.choice([None, None, 2]))
    return "\n".join(json.dumps(record, ensure_ascii=rng.random() < 0.5) for record in whole)


STRANGE = (
    None,
    3,
    2.5,
    True,
    -1,
    [],
    {},
    ["a"],
    ["a", "b"],
    {"a": 1},
    {"choices": ["a"]},
    [[["a"]]],
    float("nan"),
    10**40,
    "[]",
)


def _records(rng: random.Random, rows: list[tuple[str, str]]) -> object:
    def value(cell: str) -> object:
        return cell if rng.random() < 0.95 else rng.choice(STRANGE)

    return [{"text": value(text), "label": value(label)} for text, label in rows]


EXPORTS: dict[str, Callable[[str, str], dict[str, object]]] = {
    "doccano": lambda text, label: {"id": 1, "text": text, "label": [label] if label else [], "Comments": []},
    "Prodigy": lambda text, label: {"text": text, "label": label, "answer": "accept" if label else "ignore", "_input_hash": 7},
    "Prodigy choice": lambda text, label: {"text": text, "options": [{"id": label}], "accept": [label], "answer": "accept"},
    "spaCy": lambda text, label: {"text": text, "cats": {label: 1.0, "other": 0.0}, "label": {label: 1.0, "other": 0.0}},
    "Argilla": lambda text, label: {"text": text, "label.responses": [label], "status": "submitted", "label": label},
    "Label Studio, short": lambda text, label: {"text": text, "sentiment": label, "annotator": 1, "lead_time": 2.5},
    "Label Studio, several": lambda text, label: {"text": text, "label": {"choices": [label, "b"]}},
    "Label Studio": lambda text, label: {
        "data": {"text": text},
        "annotations": [{"result": [{"type": "choices", "value": {"choices": [label]}}], "was_cancelled": not label}],
    },
}


def _export(rng: random.Random, rows: list[tuple[str, str]]) -> object:
    """The rows as an annotation tool exports them."""
    write = EXPORTS[rng.choice(list(EXPORTS))]
    return [write(text, label) for text, label in rows]


def _oriented(rng: random.Random, rows: list[tuple[str, str]]) -> object:
    """The rows as pandas writes them in another orientation."""
    columns = {"text": [text for text, _ in rows], "label": [label for _, label in rows]}
    kind = rng.choice(["columns", "index", "split", "values", "data", "lists"])
    return {
        "columns": {name: {str(n): cell for n, cell in enumerate(cells)} for name, cells in columns.items()},
        "index": {str(n): {"text": text, "label": label} for n, (text, label) in enumerate(rows)},
        "split": {"columns": list(columns), "index": list(range(len(rows))), "data": [list(row) for row in rows]},
        "values": [list(row) for row in rows],
        "data": {"version": 2, "data": [{"text": text, "label": label} for text, label in rows]},
        "lists": columns,
    }[kind]


def _damaged(rng: random.Random, raw: bytes) -> bytes:
    content = bytearray(raw)
    for _ in range(rng.randint(1, 3)):
        place = rng.randint(0, len(content))
        kind = rng.choice(["cut", "flip", "insert", "repeat"])
        if kind == "cut":
            del content[place:]
        elif kind == "flip" and place < len(content):
            content[place] = rng.randrange(256)
        elif kind == "insert":
            content[place:place] = rng.choice(SHRED)
        else:
            content[place:place] = content[place : place + rng.randint(1, 50)]
    return bytes(content)


VALUES = (
    *("0", "1", "-1", "2", "0.5", "-0.5", "1e9", "1e-30", "nan", "inf", "-inf", "null", "true", "false", "", " ", "abc", "[]"),
    *("{}", "[1]", '{"a": 1}', '{"class_path": "Ward"}', '{"class_path": "os.system", "init_args": {"command": "true"}}'),
    *("Entropy", "Ward", "Constant", "Linear", "recalculate", "\N{PARTY POPPER}", "a" * 500, "os.system", "..", "../..", "~"),
    *("99999999999999999999", "1_000", "0x10", "1,5", "${x}"),
)
CALLBACKS = tuple(f'{{"class_path": "lightning.pytorch.callbacks.{name}"}}' for name in lightning.pytorch.callbacks.__all__)
SETTINGS = (
    *("model.lr", "model.weight_decay", "model.warmup", "model.decay", "model.uncertainty", "model.lora", "model.lora.r"),
    *("model.lora.alpha", "model.lora.dropout", "model.lora.target_modules", "model.lora.train_pooler", "model.epinet"),
    *("model.epinet.draws", "model.epinet.index_size", "model.epinet.hidden", "model.epinet.prior_scale", "model.backbone"),
    *("model.head", "model.head_start", "model.head_lr", "model.layer_decay", "model.freeze_embeddings", "model.class_weights"),
    *("model.label_smoothing", "model.ema", "data.folds", "data.fold", "data.noise", "data.skip"),
    *("data.batch_size", "data.max_length", "data.limit", "data.limit_validation", "data.seed", "data.text_column"),
    *(
        "data.label_column",
        "data.quotes",
        "data.subset",
        "data.length_grouped",
        "data.source",
        "active.enabled",
        "active.acquire",
        "active.acquire.passes",
    ),
    *("active.budget", "active.budget.start", "active.budget.stop", "active.budget.share", "active.mode", "active.max_unique"),
    *("active.warm_start", "active.cluster", "active.cluster.clusters", "active.cluster.exact", "active.embedding"),
    *(
        "active.embedding.path",
        "active.recluster",
        "active.allocate",
        "active.scoring_precision",
        "seed_everything",
        "test_on",
        "controls",
    ),
    *("trainer.max_epochs", "trainer.precision", "trainer.accumulate_grad_batches", "trainer.gradient_clip_val", "active"),
    *("trainer.gradient_clip_algorithm", "trainer.deterministic", "trainer.limit_val_batches", "trainer.min_epochs", "model"),
    *("trainer.log_every_n_steps", "trainer.callbacks", "trainer.logger", "export", "ckpt_path", "config", "data", "nonsense"),
)


def a_setting(rng: random.Random, words: list[str]) -> list[str]:
    """One to three settings with any value."""
    if rng.random() < 0.2:
        return [f"--trainer.callbacks+={rng.choice(CALLBACKS)}" for _ in range(rng.choice([1, 1, 2]))]
    return [f"--{rng.choice(SETTINGS)}={rng.choice([*VALUES, *words])}" for _ in range(rng.choice([1, 1, 2, 3]))]


def check(cases: Cases, count: int) -> None:
    """Try cases that hypothesis draws: half of them files, half settings, with words of its own in both."""

    generate = {"max_examples": count, "derandomize": True, "database": None, "phases": [Phase.generate]}

    @settings(**generate, deadline=None, suppress_health_check=HealthCheck)
    @given(rng=st.randoms(use_true_random=True), words=st.lists(st.text(max_size=40), max_size=4), of_a_file=st.booleans())
    def try_one(rng: random.Random, words: list[str], of_a_file: bool) -> None:
        cases.try_out(a_file(rng, words) if of_a_file else a_setting(rng, words))

    try_one()


@pytest.mark.filterwarnings("ignore")  # what libraries say of strange values is theirs
def test_any_input_is_a_run_or_a_sentence(workplace, capsys, monkeypatch):
    cases = Cases(capsys, monkeypatch, trained=8)
    check(cases, 60)
    assert min(cases.ends.values()) > 0, cases.ends


@pytest.mark.soak
@pytest.mark.filterwarnings("ignore")
def test_two_thousand_inputs_are_runs_or_sentences(workplace, capsys, monkeypatch, tell_figure):
    cases = Cases(capsys, monkeypatch, trained=100)
    check(cases, 2000)
    tell_figure(f"2,000 cases: {', '.join(f'{count} {end}' for end, count in sorted(cases.ends.items()))}")
    assert cases.left == 0, "a hundred were trained, the few of them included that a sentence ended"


HUGE = {
    "a megabyte": "word " * 200_000,
    "one long word": "x" * 2**20,
    "emoji": "\N{PARTY POPPER}" * 2**18,
    "right to left": "\u05e9\u05dc\u05d5\u05dd " * 2**17,
}


def huge(name: str) -> list[tuple[str, str]]:
    if name == "one word a row":
        return [("word", "ab"[number % 2]) for number in range(100_000)]
    text = HUGE[name]
    return [*make_reviews(random.Random(0), 40, noisy=False), (text, "positive"), (text[: len(text) // 2], "negative")]


@pytest.mark.soak
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["one word a row", *HUGE])
def test_very_large_inputs_are_trained_on(workplace, capsys, monkeypatch, name):
    write_csv(Path("huge.csv"), huge(name))
    cases = Cases(capsys, monkeypatch, trained=1)
    share = ["--active.budget", "Constant", "--active.budget.share", "0.005" if name == "one word a row" else "0.5"]
    cases.try_out(["--data.source", "huge.csv", "--trainer.max_epochs", "2", "--active.cluster.clusters", "2", *share])
    assert cases.ends == {"trained": 1}
