"""Signals: each that ends a command is reported with its exit code, and ignored signals stay ignored."""

import os
import signal

import pytest

from alft.system.signals import SIGNALS, Stopped, stop_on_signals


@pytest.mark.parametrize("signum", SIGNALS, ids=lambda signum: signum.name)
def test_a_signal_stops_the_command_and_handlers_are_put_back(signum):
    before = signal.getsignal(signum)
    with pytest.raises(Stopped, match=f"stopped by {signum.name}") as stopped, stop_on_signals():
        os.kill(os.getpid(), signum)
    assert stopped.value.exit_code == 128 + signum
    assert signal.getsignal(signum) is before


def test_a_command_under_nohup_outlives_its_terminal():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_on_signals():
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
