"""The page of one network as HTML, made once: from the answers in its result folder."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from corridor.controller.intent.specification import Specification
from corridor.experiments.pages.network_page import network_page
from corridor.experiments.pages.page import live_page

ANSWERS = "answers.json"


class Body:
    """Call it: the first who does waits until it is made."""

    def __init__(self, results: Path, specification: Specification) -> None:
        self._results = results
        self._specification = specification
        self._making: asyncio.Task[str] | None = None

    async def __call__(self) -> str:
        """Raises CorridorError."""
        if self._making is None or (self._making.done() and self._making.exception()):
            self._making = asyncio.create_task(asyncio.to_thread(self._made))
        return await asyncio.shield(self._making)

    def _made(self) -> str:
        answers = json.loads((self._results / ANSWERS).read_text())
        return live_page(network_page(answers, None, []))
