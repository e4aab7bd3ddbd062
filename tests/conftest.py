"""Fixtures: a two-layer BERT and generated reviews, made once and loaded by from_pretrained like users' models."""

import json
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # before any import of a hub library: no test may touch the network
os.environ["WANDB_MODE"] = "offline"
os.environ.setdefault("OMP_NUM_THREADS", "1")  # models of two layers lose time to a second thread

import pytest
import torch
from transformers import BertConfig, BertForMaskedLM, BertTokenizerFast

import alft.cli.extensions  # noqa: F401  # what it imports can be named
from alft.cli.main import main
from alft.data.demo import make_reviews
from alft.selection.text_embedding import WordVectors, words_of
from alft.system.subclasses import subclasses

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the real data and model are not beside this checkout")


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT with its tokenizer, saved as an encoder without a classification head."""
    folder = tmp_path_factory.mktemp("model") / "tiny-bert"
    words = sorted({word for text, _ in make_reviews(random.Random(0), 300, noisy=False) for word in text.lower().split()})
    letters = [chr(c) for c in range(33, 127)]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{c}" for c in letters), *words]
    unique = {token: number for number, token in enumerate(dict.fromkeys(vocabulary))}
    tokenizer = BertTokenizerFast(vocab=unique, model_max_length=64)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(unique),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    BertForMaskedLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """64 train, 24 validation and 24 test reviews as CSV files."""
    folder = tmp_path_factory.mktemp("data") / "tiny-data"
    folder.mkdir()
    rng = random.Random(1)
    for split, size in {"train": 64, "validation": 24, "test": 24}.items():
        write_csv(folder / f"{split}.csv", make_reviews(rng, size, noisy=False))
    return folder


@pytest.fixture
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def _modules_of_a_test_end_with_it(tmp_path_factory: pytest.TempPathFactory):
    """Forget modules that a test has written: another test may have one of the same name."""
    before, folder = set(sys.modules), str(tmp_path_factory.getbasetemp())
    yield
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(folder):
            del sys.modules[name]


@pytest.fixture
def workplace(tmp_path: Path, tiny_bert: Path, tiny_data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which configs/tiny.yaml runs as it stands."""
    monkeypatch.chdir(tmp_path)
    Path("tiny-bert").symlink_to(tiny_bert)
    Path("tiny-data").symlink_to(tiny_data)
    Path("configs").symlink_to(ROOT / "configs")
    return tmp_path


@pytest.fixture
def sentences(workplace: Path) -> Path:
    """A folder with a model and with tagged sentences."""
    from .tagging import write_sentences  # which imports what tests of models import

    write_sentences(workplace / "tagged")
    return workplace


@pytest.fixture
def tell_figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Have a sentence printed below the results, also where tests run in several processes."""
    return lambda sentence: record_property("figure", sentence)


def pytest_configure() -> None:
    """Let signals arrive: a shell has what it starts in the background ignore Ctrl-C, and nohup a hang-up."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the sentences that tests had to tell."""
    for report in terminalreporter.getreports("passed"):
        for name, sentence in report.user_properties:
            if name == "figure":
                terminalreporter.write_line(str(sentence))


Fit = Callable[..., Path]


@pytest.fixture
def fit(workplace: Path) -> Fit:
    """Run configs/tiny.yaml through the command line with more arguments; return the run folder."""

    def run(*arguments: str) -> Path:
        runs = workplace / "runs" / "tiny"
        before = set(runs.glob("*"))
        assert main(["fit", "--config", "configs/tiny.yaml", *arguments]) == 0
        (folder,) = set(runs.glob("*")) - before
        return folder

    return run


@pytest.fixture(scope="session")
def two_runs(tmp_path_factory, tiny_bert, tiny_data):
    """A finished run (version_0) and one that was killed in its second epoch (version_1), made once."""
    from .faults import Kill, run  # these modules import this one
    from .resuming import FEW, QUIET, TINY, first_step_of, runs

    folder = tmp_path_factory.mktemp("runs")
    for name, target in {"tiny-bert": tiny_bert, "tiny-data": tiny_data, "configs": ROOT / "configs"}.items():
        (folder / name).symlink_to(target)
    ended = run([*TINY, *FEW, *QUIET], folder)
    assert ended.code == 0, ended.err
    assert run([*TINY, *FEW, *QUIET], folder, Kill("training", first_step_of(1, runs(folder)[0]))).code == -9
    return folder


@pytest.fixture
def finished(workplace, two_runs, monkeypatch):
    """A copy of the finished run, in a folder whose modules can be imported, as with python -m."""
    monkeypatch.syspath_prepend(workplace)
    for name in ("evil", "theirs"):
        sys.modules.pop(name, None)
    return Path(shutil.copytree(two_runs / "runs" / "tiny" / "version_0", "runs/tiny/version_0"))


@pytest.fixture
def stopped(workplace, two_runs):
    """A copy of the stopped run, and of the data, which may be changed."""
    Path("tiny-data").unlink()
    shutil.copytree(two_runs / "tiny-data", "tiny-data")
    return Path(shutil.copytree(two_runs / "runs" / "tiny" / "version_1", "runs/tiny/version_0"))


@pytest.fixture(scope="session")
def word_vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Static vectors of half of the words of the generated reviews, as fastText writes them."""
    words = sorted({word for text, _ in make_reviews(random.Random(0), 300, noisy=False) for word in words_of(text.lower())})
    rng = random.Random(2)
    lines = [f"{word} {' '.join(f'{rng.gauss(0, 1):.4f}' for _ in range(8))} " for word in words[::2]]
    path = tmp_path_factory.mktemp("vectors") / "words.vec"
    path.write_text("\n".join([f"{len(lines)} 8", *lines]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def set_up(monkeypatch):
    """Set address and key of Label Studio."""

    def set_to(address: str | None, key: str | None) -> None:
        for name, value in (("LABEL_STUDIO_URL", address), ("LABEL_STUDIO_API_KEY", key)):
            monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)

    return set_to


@pytest.fixture(scope="session")
def host(tmp_path_factory):
    """A running Label Studio."""
    from .label_studio_host import COMMAND, Host  # it imports this module

    pytest.importorskip("label_studio_sdk")
    if not Path(COMMAND).is_file():
        pytest.skip("Label Studio is not installed: make test-people installs it")
    server = Host(tmp_path_factory.mktemp("label-studio"))
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
def client(host, set_up):
    """The SDK, as an annotator's browser would use it."""
    import httpx
    from label_studio_sdk import LabelStudio as Client

    from .label_studio_host import TOKEN

    set_up(host.address, TOKEN)
    with httpx.Client(timeout=60, follow_redirects=True) as connection:
        yield Client(base_url=host.address, api_key=TOKEN, httpx_client=connection)


def shipped(base: type) -> list[type]:
    """The subclasses of a base that come with alft, found as the command line finds them."""
    return [kind for kind in subclasses(base) if kind.__module__.startswith("alft.")]


def examples(kind: type, word_vectors: Path) -> dict[str, str]:
    """Settings for classes that cannot do without."""
    return {"path": str(word_vectors)} if kind is WordVectors else {}


def write_csv(path: Path, rows: list[tuple[str, str]]) -> None:
    """Write text and label columns; the texts of these tests need no quoting beyond double quotes."""
    lines = [f'"{text}",{label}' for text, label in rows]
    path.write_text("\n".join(["text,label", *lines]) + "\n", encoding="utf-8")


def summary_of(folder: Path) -> dict:
    """The summary of a run."""
    return json.loads((folder / "summary.json").read_text())
