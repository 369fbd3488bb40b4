"""Where cells run: Dask's workers, on this machine or those of a scheduler that is given."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.installation import require
from corridor.topologies.base.scratch import scratch_folder

CONNECT_S = 20
STARTS, START_S = 3, 60
LOOPBACK = "127.0.0.1"
DASHBOARD_PORT = 8787
"""Dask's own; another where that is taken."""
RESTING: dict[str, Any] = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "10s",
}
"""Workers wait for processes of cells. As Dask comes, that alone takes 5 % of two processors."""
QUIET: dict[str, Any] = {
    **RESTING,
    "distributed.logging": {"distributed": "critical"},
    "distributed.worker.daemon": False,
    "distributed.scheduler.allowed-failures": 5,
    "distributed.comm.timeouts.connect": f"{CONNECT_S}s",
    "distributed.diagnostics.nvml": False,
}


def check_dashboard() -> None:
    """Raises EnvironmentUnsupported where Dask cannot show it."""
    if find_spec("bokeh") is None:
        raise EnvironmentUnsupported(
            "Dask's dashboard needs bokeh, which is not installed",
            f"{sys.executable} -m pip install 'bokeh>=3.1' (one package more moves round trips by "
            "ticks); progress is shown without it, too",
        )


def resting_environment() -> dict[str, str]:
    """``RESTING``, as programs of Dask read it from their environment."""
    return {
        f"DASK_{key.upper().replace('.', '__').replace('-', '_')}": str(value)
        for key, value in RESTING.items()
    }


@contextmanager
def cluster(
    scheduler: str | None, workers: int | None, *, dashboard: bool = False
) -> Iterator[Any]:
    """A client of Dask; raises EnvironmentUnsupported where no scheduler answers.

    On this machine all speak TLS with a certificate of the moment: who may connect may run code.
    The dashboard is for all users of this machine to read.
    """
    require("a study", "emulate", "study")
    import dask

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with dask.config.set(QUIET), warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="distributed")
        warnings.filterwarnings("ignore", "Creating scratch")
        if scheduler is not None:
            with _connected(scheduler) as client:
                yield client
            return
        with scratch_folder() as folder, ExitStack() as stack:
            yield _own(stack, workers or len(os.sched_getaffinity(0)), folder, dashboard=dashboard)


def _own(stack: ExitStack, count: int, folder: Path, *, dashboard: bool) -> Any:
    """A client of a cluster on this machine with a worker at least.

    Dask starts a worker again whose process dies, but not one whose connection broke, as it may
    on a machine that stands still for a while: then another cluster is started.
    """
    from distributed import Client, LocalCluster

    for _ in range(STARTS):
        with ExitStack() as made:
            local = LocalCluster(
                n_workers=count,
                threads_per_worker=1,
                memory_limit=0,
                dashboard_address=f"{LOOPBACK}:{DASHBOARD_PORT}" if dashboard else None,
                security=True,
                silence_logs=logging.CRITICAL,
                local_directory=str(folder),
            )
            client = made.enter_context(Client(made.enter_context(local)))
            with suppress(TimeoutError):
                client.wait_for_workers(1, timeout=START_S)
                stack.enter_context(made.pop_all())
                return client
    raise EnvironmentUnsupported(
        f"no worker started on this machine, {STARTS} times in {START_S} s",
        "end what else uses its processors; then repeat the command: it continues",
    )


@contextmanager
def _connected(scheduler: str) -> Iterator[Any]:
    from distributed import Client

    try:
        client = Client(scheduler, timeout=CONNECT_S)
    except (OSError, TimeoutError, ValueError) as error:
        raise EnvironmentUnsupported(
            f"no scheduler answers at {scheduler} ({type(error).__name__})",
            "start one: corridor study scheduler, and corridor study worker ADDRESS",
        ) from error
    with client:
        yield client
