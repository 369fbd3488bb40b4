"""The operations of a live network, asked from an event loop: a no is a problem, as the API's."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

from corridor.controller.api.link import Problem
from corridor.experiments.operations.client import Client
from corridor.topologies.base.errors import CorridorError, InputError


class OperationsLink:
    """One client, made when it is needed and again when its connection is lost."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._client: Client | None = None
        self._making = threading.Lock()

    async def ask(self, do: str, **more: Any) -> dict[str, Any]:
        """The answer; raises Problem."""
        try:
            return await asyncio.to_thread(self._ask, do, more)
        except InputError as problem:
            raise Problem("bad", str(problem)) from problem
        except CorridorError as problem:
            raise Problem("absent", str(problem)) from problem

    def close(self) -> None:
        with self._making:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _ask(self, do: str, more: dict[str, Any]) -> dict[str, Any]:
        with self._making:
            if self._client is None or self._client.is_gone:
                self._client = Client(self.path)
            client = self._client
        return client.ask(do, **more)
