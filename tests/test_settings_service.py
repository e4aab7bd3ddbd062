"""The process that parses settings for a grid answers as the parser does, and says what is wrong."""

import pytest

from alft.cli.fit_settings import answer
from alft.cli.settings_service import SettingsService
from alft.system.quiet import quieten


def test_it_answers_several_questions_and_survives_wrong_ones(workplace):
    right, wrong = ["--config", "configs/tiny.yaml", "--model.lr=0.002"], ["--config", "configs/tiny.yaml", "--model.lrr=1"]
    outside = ["--config", "configs/tiny.yaml", "--active.max_unique=2"]
    quieten()  # as the process does, for the answer of this one
    with SettingsService() as service:
        with pytest.raises(ValueError, match=r"there is no setting --model\.lrr; did you mean --model\.lr\?"):
            service.settings_of(wrong, check=True)
        with pytest.raises(ValueError, match=r"active\.max_unique must be in \(0, 1\], got 2"):
            service.settings_of(outside, check=True)
        assert service.settings_of(right, check=True) == answer({"arguments": right, "check": True})["settings"]
        assert service.settings_of(outside, check=False)["active"]["max_unique"] == 2
        with pytest.raises(ValueError, match=r"the settings could not be read \(exit code 0\): --print_config"):
            service.settings_of(["--print_config"], check=False)
