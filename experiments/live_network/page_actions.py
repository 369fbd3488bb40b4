"""Does what pages ask for, remembers it, and puts it back once no page holds it any more.

What is done is written down before it is done: a process that follows one that was killed puts it
back. A page that did something holds all that pages did, for as long as it goes on saying that it
is there. When none of those says so any more, all of it is over. In a kiosk someone must use a page
now and then, besides.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import singledispatchmethod
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BeforeValidator, Field, TypeAdapter

from corridor.controller.api.link import ControllerLink, Problem
from corridor.controller.policy.load import load_policies, shipped_policies
from corridor.experiments.operations.door import Client
from corridor.experiments.operations.requests import read_by
from corridor.experiments.scenario.extending import shipped_classes
from corridor.topologies.base.codec import JsonObject
from corridor.topologies.base.errors import CorridorError, InputError
from corridor.topologies.base.units import written_day
from corridor.topologies.model.topology import Frozen


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


UNNAMED = ""
LEASE_S = 120.0
"""Longer than a browser lets a tab that is not seen wait for its turn."""


class Was(NamedTuple):
    """What there was before pages changed it, and what the last of them made of it."""

    before: Any
    now: Any
    """None while it is being made."""


@dataclass
class Done:
    """All that pages did, and did not undo."""

    cuts: list[str] = field(default_factory=list)
    drains: list[str] = field(default_factory=list)
    policies: Was | None = None
    """Sets as JSON."""
    day: Was | None = None
    """Days as YYYY-MM-DD."""

    def __bool__(self) -> bool:
        return bool(self.cuts or self.drains or self.policies or self.day)

    def plain(self) -> dict[str, Any]:
        """For people who look at a page."""
        return {
            "cuts": list(self.cuts),
            "drains": list(self.drains),
            "policies": self.policies.before.get("name", "") if self.policies else None,
            "day": self.day.before if self.day else None,
        }

    def to_json(self) -> str:
        return json.dumps(
            {
                "cuts": self.cuts,
                "drains": self.drains,
                "policies": self.policies,
                "day": self.day,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Raises ValueError, KeyError or TypeError for what ``to_json`` did not write."""
        said = json.loads(text)
        policies, day = (Was(*said[one]) if said[one] else None for one in ("policies", "day"))
        return cls(list(said["cuts"]), list(said["drains"]), policies, day)


def with_change(was: Was | None, before: Any, now: Any) -> Was | None:
    """One change more: None where it leads back to what there was."""
    first = was.before if was else before
    return None if first == now else Was(first, now)


def toggled(names: list[str], name: str, *, on: bool) -> list[str]:
    """With a name in it once, or not."""
    return [*(one for one in names if one != name), *([name] if on else [])]


@dataclass
class Leases:
    """Which pages hold what was done."""

    idle_s: float | None = None
    """How long pages may lie unused in a kiosk."""
    _owners: dict[str, float] = field(default_factory=dict)
    """Pages that did something, and when they were heard last."""
    _touched_s: float = 0.0

    def did(self, page: str, now_s: float) -> None:
        """A page did something."""
        self._owners[page] = self._touched_s = now_s

    def heard(self, page: str, now_s: float, *, touched: bool) -> None:
        """A page is there. What was done by pages without a name is held by the next that is."""
        if UNNAMED in self._owners:
            self._owners = {page: now_s}
        if page in self._owners:
            self._owners[page] = now_s
        if touched:
            self._touched_s = now_s

    def taken_over(self, now_s: float) -> None:
        """Something was done by pages that is not known by name any more: they have time to act."""
        self.did(UNNAMED, now_s)

    def clear(self) -> None:
        self._owners.clear()

    def why_over(self, now_s: float) -> str:
        """Why nothing of what was done is held any more; empty while it is."""
        return next(self._reasons(now_s), "")

    def _reasons(self, now_s: float) -> Iterator[str]:
        if all(heard_s + LEASE_S <= now_s for heard_s in self._owners.values()):
            yield "the page that did it is gone"
        if self.idle_s is not None and self._touched_s + self.idle_s <= now_s:
            yield f"no page was used for {self.idle_s:g} s"


# What a page may ask for, as values. Pure.
#
# Each is a JSON object whose ``do`` says which it is, and whose ``page`` says which page asks: a
# tab has one name for as long as it is open, also when it is loaded again.

MOST_LETTERS = 200
Name = Annotated[str, Field(min_length=1, max_length=MOST_LETTERS)]
PageId = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{8,64}$")]


class Here(Frozen):
    """The page is still open. What it did lasts as long as this is stated."""

    do: Literal["here"]
    page: PageId
    touched: bool = False
    """Whether someone used it since it said so last."""
    demand: Annotated[str, Field(max_length=MOST_LETTERS)] = ""
    """Whose round trips it shows; empty for none."""


class OfFibre(Frozen):
    """A fibre is cut, repaired, drained, or may carry again."""

    do: Literal["cut", "mend", "drain", "restore"]
    page: PageId
    fibre: Name


class Policies(Frozen):
    """Another shipped policy set; or, with none, the one that there was before pages."""

    do: Literal["policies"]
    page: PageId
    set: Name | None
    outside: Literal["deny", "not-judged"] = "not-judged"
    """The outcome of data of which the set says nothing."""


class Day(Frozen):
    """Another day; or, with none, the one that there was before pages."""

    do: Literal["day"]
    page: PageId
    as_of: Annotated[date, BeforeValidator(written_day)] | None


class PutBack(Frozen):
    """All that pages did is undone."""

    do: Literal["put-back"]
    page: PageId


type Order = Here | OfFibre | Policies | Day | PutBack
_READ: TypeAdapter[Order] = TypeAdapter(Annotated[Order, Field(discriminator="do")])


def order_of(text: bytes) -> Order:
    """InputError says in a line what a text is not."""
    return read_by(_READ, text)


type Publish = Callable[[str, JsonObject], Awaitable[None]]
LOOK_S = 1.0
RETRY_S = 5.0
MAYBE_DONE = ("late", "absent", "error")
"""Kinds of problem after which what was asked for may be so, or may become so."""


class Actions:
    """``file`` is where it writes down what pages did."""

    def __init__(
        self,
        link: ControllerLink,
        operations: OperationsLink,
        file: Path,
        leases: Leases,
        publish: Publish,
    ) -> None:
        self._link = link
        self._operations = operations
        self._file = file
        self._publish = publish
        self._one_at_a_time = asyncio.Lock()
        """Of policies and days, of which there is one; fibres are many."""
        self.leases = leases
        self.done = _left(file)
        if self.done:
            leases.taken_over(time.monotonic())

    async def carry_out(self, order: OfFibre | Policies | Day | PutBack) -> JsonObject:
        """The outcome of it; raises Problem."""
        if isinstance(order, PutBack):
            return {"left": await self.put_back("asked for")}
        self.leases.did(order.page, time.monotonic())
        try:
            return await self._do(order)
        finally:
            self.leases.did(order.page, time.monotonic())
            await self._tell()

    async def watch(self) -> None:
        """Put all back whenever it is held no more; never ends."""
        while True:
            await asyncio.sleep(LOOK_S)
            why = self.leases.why_over(time.monotonic()) if self.done else ""
            if why and await self.put_back(why):
                await asyncio.sleep(RETRY_S)

    async def put_back(self, why: str) -> list[str]:
        """Undo all that pages did; what could not be undone yet, in words."""
        async with self._one_at_a_time:
            if not self.done:
                return []
            steps = [
                *((f"cut of {one}", self._mended, one) for one in self.done.cuts),
                *((f"drain of {one}", self._restored, one) for one in self.done.drains),
                ("policies", self._policies_back, ""),
                ("day", self._day_back, ""),
            ]
            left = [f"{name}: {no}" for name, step, of in steps if (no := await _tried(step, of))]
            if not self.done:
                self.leases.clear()
            await self._tell(**({"left": left} if left else {"put_back": why}))
            return left

    @singledispatchmethod
    async def _do(self, order: object) -> JsonObject:
        raise NotImplementedError(type(order).__name__)

    @_do.register
    async def _fibre(self, order: OfFibre) -> JsonObject:
        return await {
            "cut": self._cut,
            "mend": self._mend,
            "drain": self._drain,
            "restore": self._restore,
        }[order.do](order.fibre)

    async def _cut(self, fibre: str) -> JsonObject:
        was_ours = fibre in self.done.cuts
        self._note(cuts=toggled(self.done.cuts, fibre, on=True))
        try:
            changed = (await self._operations.ask("begin", kind="cut", what=fibre))["changed"]
        except Problem as problem:
            if not was_ours and problem.kind not in MAYBE_DONE:
                self._note(cuts=toggled(self.done.cuts, fibre, on=False))
            raise
        if changed or not was_ours:  # also where all was put back while it was asked for
            self._note(cuts=toggled(self.done.cuts, fibre, on=changed))
        return {"changed": changed}

    async def _mend(self, fibre: str) -> JsonObject:
        """Every fault of it that began by hand, here or elsewhere."""
        lasting = (await self._operations.ask("lasting"))["faults"]
        kinds = {one["kind"] for one in lasting if one["what"] == fibre}
        ended = [await self._operations.ask("end", kind=k, what=fibre) for k in kinds or {"cut"}]
        self._note(cuts=toggled(self.done.cuts, fibre, on=False))
        return {"changed": any(one["changed"] for one in ended)}

    async def _mended(self, fibre: str) -> None:
        await self._operations.ask("end", kind="cut", what=fibre)
        self._note(cuts=toggled(self.done.cuts, fibre, on=False))

    async def _drain(self, fibre: str) -> JsonObject:
        known: Any = (await self._link.read("topology"))["fibres"]
        becomes_ours = fibre in known and not known[fibre]["drained"]
        if becomes_ours:
            self._note(drains=toggled(self.done.drains, fibre, on=True))
        try:
            changed = await self._link.change("drain", fibre=fibre)
        except Problem as problem:
            if becomes_ours and problem.kind not in MAYBE_DONE:
                self._note(drains=toggled(self.done.drains, fibre, on=False))
            raise
        if becomes_ours:  # also where all was put back while it was asked for
            self._note(drains=toggled(self.done.drains, fibre, on=True))
        return changed

    async def _restore(self, fibre: str) -> JsonObject:
        changed = await self._link.change("restore", fibre=fibre)
        self._note(drains=toggled(self.done.drains, fibre, on=False))
        return changed

    async def _restored(self, fibre: str) -> None:
        await self._restore(fibre)

    @_do.register
    async def _policies(self, order: Policies) -> JsonObject:
        async with self._one_at_a_time:
            before = await self._policies_now()
            if order.set is None:
                wanted = self.done.policies.before if self.done.policies else before
            else:
                hubs: Any = (await self._link.read("topology"))["hubs"]
                wanted = await asyncio.to_thread(_shipped, order, tuple(hubs))
            was = self.done.policies
            self._note(policies=Was(was.before if was else before, None))
            try:
                changed = await self._link.change("policy", set=wanted)
            except Problem as problem:
                if problem.kind not in MAYBE_DONE:
                    self._note(policies=was)
                raise
            self._note(policies=with_change(was, before, await self._policies_now()))
            return changed

    async def _policies_back(self, _of: str) -> None:
        """Unless someone else has set others since."""
        was = self.done.policies
        if was is not None and was.now in (None, await self._policies_now()):
            await self._link.change("policy", set=was.before)
        self._note(policies=None)

    async def _policies_now(self) -> Any:
        return (await self._link.read("policies"))["set"]

    @_do.register
    async def _day(self, order: Day) -> JsonObject:
        async with self._one_at_a_time:
            before = await self._day_now()
            first = self.done.day.before if self.done.day else before
            wanted = order.as_of.isoformat() if order.as_of else first
            self._note(day=with_change(self.done.day, before, wanted))
            return await self._link.change("day", as_of=wanted)

    async def _day_back(self, _of: str) -> None:
        was = self.done.day
        if was is not None and await self._day_now() == was.now:
            await self._link.change("day", as_of=was.before)
        self._note(day=None)

    async def _day_now(self) -> str:
        return str((await self._link.read("status"))["as_of"])

    def _note(self, **changes: Any) -> None:
        """Write down what is done now, or about to be."""
        for name, value in changes.items():
            setattr(self.done, name, value)
        if not self.done:
            self._file.unlink(missing_ok=True)
            return
        aside = self._file.with_suffix(".new")
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:  # noqa: PTH123
            file.write(self.done.to_json())
        aside.replace(self._file)

    async def _tell(self, **more: object) -> None:
        await self._publish("done", {"done": self.done.plain(), **more})


async def _tried(step: Callable[[str], Awaitable[None]], of: str) -> str:
    """Why a step could not be made; empty if it was."""
    try:
        await step(of)
    except Problem as problem:
        return problem.detail
    return ""


def _left(file: Path) -> Done:
    """What a process before this one wrote down."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return Done.from_json(file.read_text())
    return Done()


def _shipped(order: Policies, hubs: tuple[str, ...]) -> JsonObject:
    """A shipped set as JSON, with the classes of all; raises Problem. No files of users' own."""
    if order.set not in shipped_policies():
        known = ", ".join(shipped_policies())
        raise Problem("unknown", f"no policy set {order.set!r} is shipped; there are {known}")
    try:
        read = load_policies(order.set, hubs=hubs).model_copy(update={"outside": order.outside})
    except InputError as problem:
        raise Problem("bad", str(problem)) from problem
    plain: JsonObject = read.beside(shipped_classes()).model_dump(mode="json", by_alias=True)
    return plain
