"""A new setting of the selection is one field of ``Policy``: every place that shows settings finds it."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from alft.cli.main import main
from alft.report import compare
from alft.selection.policy import Policy

from .conftest import Fit, summary_of


@dataclass(frozen=True, kw_only=True)
class Wider(Policy):
    """A policy with one field more.

    Args:
        novelty: Weight of what was never seen, in [0, 1].
    """

    novelty: float = 0.5


@pytest.fixture
def wider(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for an edit of alft/selection/policy.py."""
    monkeypatch.setattr("alft.loop.active.Policy", Wider)


def test_help_config_summary_and_report_know_a_new_setting(wider, fit: Fit, capsys):
    with pytest.raises(SystemExit):
        main(["fit", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert "--active.novelty NOVELTY Weight of what was never seen, in [0, 1]. (type: float, default: 0.5)" in shown
    default, given = fit(), fit("--active.novelty", "0.25")
    for run, value in ((default, 0.5), (given, 0.25)):
        assert yaml.safe_load((run / "config.yaml").read_text())["active"]["novelty"] == value
        assert summary_of(run)["settings"]["selection"]["novelty"] == value
    table = compare(Path("runs"))
    assert {json.loads(line)["novelty"] for line in table["settings"]} == {0.5, 0.25}
    assert any("novelty 0.25" in arm for arm in table["arm"])


def test_a_resumed_run_refuses_another_value_of_it(wider, fit: Fit, capsys):
    run = fit("--active.novelty", "0.25", "--trainer.max_epochs", "1")
    (run / "summary.json").unlink()
    capsys.readouterr()
    assert main(["fit", "--config", "configs/tiny.yaml", "--trainer.max_epochs", "1", "--ckpt_path", "last"]) == 2
    assert "active.novelty" in capsys.readouterr().err
