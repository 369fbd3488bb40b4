"""The page of one network as HTML, made once: from the answers in its result folder."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

from corridor.controller.api.problems import Problem
from corridor.experiments.answers.document import ANSWERS_FILE, Answers
from corridor.experiments.pages.network_page import network_page
from corridor.experiments.pages.page import live_page
from corridor.experiments.text.verdict import foreseen
from corridor.topologies.base.codec import read_document

LONGEST_S = 90.0
"""Answers are computed while the network is being built."""
LOOK_S = 0.1


class Body:
    """Call it: the first who does waits until it is made."""

    def __init__(self, results: Path) -> None:
        self._file = results / ANSWERS_FILE
        self._making = asyncio.Lock()
        self._made = ""

    async def __call__(self) -> str:
        """Raises Problem without answers in time."""
        async with self._making:
            if not self._made:
                await self._until_computed()
                self._made = await asyncio.to_thread(self._make)
        return self._made

    async def _until_computed(self) -> None:
        ends_s = time.monotonic() + LONGEST_S
        while not self._file.exists():
            if time.monotonic() > ends_s:
                raise Problem("late", f"what the page shows was not computed in {LONGEST_S:g} s")
            await asyncio.sleep(LOOK_S)

    def _make(self) -> str:
        plain = json.loads(self._file.read_text(encoding="utf-8"))
        answers = read_document(Answers, plain, str(self._file), "start the network again")
        return live_page(network_page(answers, list(foreseen(answers).answers)))
