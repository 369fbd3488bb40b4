"""Where cells run: Dask's workers, on this machine or those of a scheduler that is given."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from corridor.topologies.base.errors import EnvironmentUnsupported

CONNECT_S = 20
QUIET: dict[str, Any] = {
    "distributed.logging": {"distributed": "critical"},
    "distributed.worker.daemon": False,
    "distributed.scheduler.allowed-failures": 5,
    "distributed.comm.timeouts.connect": f"{CONNECT_S}s",
    "distributed.diagnostics.nvml": False,
}


@contextmanager
def cluster(scheduler: str | None, workers: int | None) -> Iterator[Any]:
    """A client of Dask; raises EnvironmentUnsupported where no scheduler answers.

    On this machine all speak TLS with a certificate of the moment: who may connect may run code.
    """
    import dask
    from distributed import Client, LocalCluster

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with dask.config.set(QUIET), warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="distributed")
        warnings.filterwarnings("ignore", "Creating scratch")
        if scheduler is not None:
            with _connected(scheduler) as client:
                yield client
            return
        count = workers or os.process_cpu_count() or 1
        with (
            LocalCluster(
                n_workers=count,
                threads_per_worker=1,
                memory_limit=0,
                dashboard_address=None,
                security=True,
                silence_logs=logging.CRITICAL,
            ) as local,
            Client(local) as client,
        ):
            yield client


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
