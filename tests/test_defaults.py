"""Defaults that depend on what has labels are those that earlier versions wrote out."""

import pytest
import yaml

from alft.models.defaults import plain_defaults
from alft.models.head import Window, recorded
from alft.record.same_run import first_difference
from alft.system.earlier import OPEN, WRITTEN_OUT

from .conftest import ROOT

RUNS = sorted((ROOT / "results" / "selections" / "runs").rglob("config.yaml"))


def test_defaults_are_filled_in_by_the_task_and_what_is_given_stays():
    assert plain_defaults(OPEN, "single") == plain_defaults(OPEN, "multi") == WRITTEN_OUT
    assert plain_defaults(OPEN, "tags") == {"lr": 1e-4, "class_weights": None, "head": recorded(Window())}
    given = {"lr": 0.0, "class_weights": None, "head": recorded(Window(reach=2)), "ema": 0.9}
    assert plain_defaults(given, "single") == given


@pytest.mark.parametrize(("lr", "difference"), [(None, None), (2e-5, None), (3e-5, "model.lr is 3e-05, but 2e-05")])
def test_a_run_whose_config_has_the_defaults_written_out_is_the_same_run(tmp_path, lr, difference):
    rest = {"data": {"task": "single"}, "active": {"mode": "unseen"}, "trainer": {}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"model": WRITTEN_OUT, **rest}))
    assert first_difference({"model": {**OPEN, "lr": lr}, **rest}, tmp_path) == difference


@pytest.mark.parametrize("config", RUNS[:1], ids=lambda path: path.parts[-3])
def test_a_committed_run_of_before_is_found_by_the_settings_of_today(config):
    settings = yaml.safe_load(config.read_text())
    today = settings | {"model": settings["model"] | OPEN}
    assert first_difference(today, config.parent) is None
    assert first_difference(settings, config.parent) is None
