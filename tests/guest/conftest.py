"""Runs that several tests look at take place once a session."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from command_server import Served
from corridor.experiments.machines.kernel import Kernel, find_kernel, find_stock_kernel
from corridor_runs import Result, run_once

if threading.current_thread() is threading.main_thread():
    # Where tests run in the background it is ignored, and what they start could not be ended by it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


TIMEOUT_S = 600
"""Of a test that states no other: a busy machine must not fail it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "guest" in item.keywords and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(TIMEOUT_S))


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
def client(tmp_path_factory) -> Iterator[Path]:
    """Of commands whose process is not the subject: they import nothing, which takes 1 CPU s."""
    with Served(tmp_path_factory.mktemp("served")) as found:
        yield found


@pytest.fixture(scope="session")
def once(tmp_path_factory, virtual_kernel, client) -> Callable[..., Result]:
    """``once("timing", "--seed", "2")``: the result of a scenario in the virtual clock."""
    place = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # processes side by side share their results
        place = place.parent
    return partial(run_once, place / "once", client=client)
