"""A guest that shows no progress is ended; one that shows any, however slow, is not."""

import threading
import time

import pytest

from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.testbeds.watchdog import PATIENCE_S, Watchdog, patience_for
from corridor.topologies.base.errors import EnvironmentUnsupported, MeasurementInvalid

LIMIT_S = 0.4


class Guest:
    """Something to be ended."""

    def __init__(self):
        self._ended = threading.Event()
        self.end = self._ended.set

    def work(self, for_s, each_s=1.0, step=lambda: None):
        """For a time, or until ended, which it reports as a guest does."""
        deadline = time.monotonic() + for_s
        while time.monotonic() < deadline:
            if self._ended.wait(each_s):
                raise MeasurementInvalid("the guest ended before the run did (signal 9)")
            step()


def test_a_silent_guest_is_ended_and_that_is_what_is_told(tmp_path):
    guest = Guest()
    start = time.monotonic()
    with (
        pytest.raises(MeasurementInvalid, match="no progress for 0 s and was ended"),
        Watchdog(tmp_path, guest.end, LIMIT_S),
    ):
        guest.work(20)
    assert LIMIT_S < time.monotonic() - start < 10


def test_a_guest_whose_files_grow_however_slowly_is_left_alone(tmp_path):
    guest = Guest()
    (tmp_path / "raw").mkdir()

    def write():
        with (tmp_path / "raw" / "records").open("a") as file:
            file.write("x")

    with Watchdog(tmp_path, guest.end, LIMIT_S):
        guest.work(4 * LIMIT_S, LIMIT_S / 4, write)


def test_what_a_guest_says_of_itself_stands(tmp_path):
    with pytest.raises(EnvironmentUnsupported), Watchdog(tmp_path, lambda: None, LIMIT_S):
        raise EnvironmentUnsupported("no controller")


@pytest.mark.parametrize(("virtual", "factor"), [(True, 30), (False, 1)])
def test_patience_grows_with_what_is_planned(virtual, factor):
    plan = make_plan(load_scenario("mini"), clock="virtual", run_id="c0", seed=1)
    planned_s = plan.job.end_ns / 1e9 + sum(item.duration_s for item in plan.transfers)
    assert planned_s > 0
    patience_s = patience_for(plan, virtual_clock=virtual)
    assert patience_s == pytest.approx(PATIENCE_S + factor * planned_s)
