"""Runs that several tests look at take place once a session."""

import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from corridor.experiments.machines.kernel import Kernel, find_kernel, find_stock_kernel
from corridor_runs import Result, run_once

if threading.current_thread() is threading.main_thread():
    # Where tests run in the background it is ignored, and what they start could not be ended by it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def virtual_kernel() -> Kernel:
    return find_kernel() or pytest.skip("no virtual-clock kernel: ./corridor kernel build")


@pytest.fixture(scope="session")
def stock_kernel() -> Kernel:
    if "amx_tile" in Path("/proc/cpuinfo").read_text():
        pytest.skip("linux.uml 6.12 cannot set the registers of a processor with AMX")
    kernel = find_stock_kernel()
    assert kernel is not None, "user-mode-linux is not installed"
    return kernel


@pytest.fixture(scope="session")
def once(tmp_path_factory, virtual_kernel) -> Callable[..., Result]:
    """``once("timing", "--seed", "2")``: the result of a scenario in the virtual clock."""
    place = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # processes side by side share their results
        place = place.parent
    return partial(run_once, place / "once")
