"""Shared by the tests of user errors: wrong files and settings, and the check of the error message."""

from pathlib import Path

from alft.cli.main import main

ROWS = [(f"text number {i}", "ab"[i % 2]) for i in range(20)]


def csv_of(rows, header="text,label"):
    return "\n".join([header, *(f"{text},{label}" for text, label in rows)]) + "\n"


def source(name: str, content: str | bytes, *more: str):
    """Write a file and use it as the data."""

    def prepare() -> list[str]:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
        return ["--data.source", name, *more]

    return prepare


def arguments(*given: str):
    """Type these after a config that would run."""
    return lambda: list(given)


def check_mistake(capsys, prepare, sentences: tuple[str, ...]) -> None:
    """One line on stderr with these sentences, exit code 2, nothing trained."""
    assert main(["fit", "--config", "configs/tiny.yaml", *prepare()]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("alft: error: ")
    for sentence in sentences:
        assert sentence in lines[0]
    assert not Path("runs").exists()
