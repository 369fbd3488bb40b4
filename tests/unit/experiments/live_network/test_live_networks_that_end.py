"""A live network ends by a signal, wherever the signal finds the process that keeps it."""

import contextlib
import signal

import pytest

from corridor.experiments.live_network import inside


@pytest.fixture
def signals():
    before = signal.getsignal(signal.SIGTERM)
    yield []
    signal.signal(signal.SIGTERM, before)


def test_a_signal_whose_exception_is_lost_ends_the_network_once_it_is_built(signals):
    with contextlib.suppress(KeyboardInterrupt):  # as Python does in callbacks after a fork
        inside._stop(signals, signal.SIGTERM, None)
    with pytest.raises(KeyboardInterrupt):
        inside._watch_over(None, print, signals)
