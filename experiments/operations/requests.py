"""What operations can be asked for, as values, and as lines of text. Pure.

    12 {"do": "run", "hub": "guian", "command": ["ip", "addr"]}       from a client: request 12
    12 {"ok": true, "program": 3}                                     its answer

Each is one line of JSON whose ``do`` says which it is. Requests of one client may overlap; each is
answered when its answer is there. Octets are base64. A demand is meant by its own name, or by the
two hubs that it is between.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError, field_validator

from corridor.experiments.operations.probe_text import packets_of
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.model.catalogue import nearest_named
from corridor.topologies.model.topology import Frozen

type Plain = Mapping[str, Any]


def numbered(number: int, said: Plain) -> bytes:
    return b"%d %b\n" % (number, line(said))


def line(said: Plain) -> bytes:
    """Without its end."""
    return json.dumps(said, separators=(",", ":")).encode()


def unnumbered(text: bytes) -> tuple[int, bytes]:
    """The number of a line, and the rest; ValueError if it has none."""
    number, _, rest = text.strip().partition(b" ")
    return int(number), rest


def no(kind: str, reason: str) -> dict[str, Any]:
    """An answer: ``bad`` for what cannot be asked, ``absent`` for what is not there now."""
    return {"ok": False, "kind": kind, "reason": reason}


def octets(data: bytes) -> str:
    return base64.b64encode(data).decode()


def data_of(text: str) -> bytes:
    """ValueError for what is not base64."""
    return base64.b64decode(text, validate=True)


MOST_CELLS = 65_535
Cells = Annotated[int, Field(ge=0, le=MOST_CELLS)]
type Terminal = tuple[Cells, Cells] | None
"""Its rows and columns, if there is one."""


class RunImage(Frozen):
    """Whose files a program sees instead of the machine's."""

    id: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """Its tar is in ``image_root.TARS`` of the shared folder."""
    environment: dict[str, str] = Field(default_factory=dict)
    folder: str = "/"
    user: str = ""


class Run(Frozen):
    """A program at a hub."""

    do: Literal["run"]
    hub: str
    command: Annotated[tuple[str, ...], Field(min_length=1)]
    terminal: Terminal = None
    term: str = ""
    """What kind of terminal it is."""
    image: RunImage | None = None


class Mininet(Frozen):
    """Mininet's shell."""

    do: Literal["mininet"]
    terminal: Terminal = None
    term: str = ""


class Probe(Frozen):
    """Probes of a demand, a JSON line each."""

    do: Literal["probe"]
    demand: str
    interval_ns: Annotated[int, Field(gt=0)]


class Capture(Frozen):
    """Pcapng of a hub's host, or of both ends of a fibre."""

    do: Literal["capture"]
    hub: str | None = None
    fibre: str | None = None


class Read(Frozen):
    """What a program has said: ``out``, ``err``, and in the end ``code``."""

    do: Literal["read"]
    program: int
    wait_s: Annotated[float, Field(ge=0)]


class Write(Frozen):
    """Its input; how much was ``taken``. Nothing: no more comes."""

    do: Literal["write"]
    program: int
    data: bytes = b""

    @field_validator("data", mode="before")
    @classmethod
    def _from_base64(cls, text: object) -> bytes:
        return data_of(str(text))


class Resize(Frozen):
    """The terminal of a program."""

    do: Literal["resize"]
    program: int
    terminal: tuple[Cells, Cells]


class Signal(Frozen):
    """A signal to a program."""

    do: Literal["signal"]
    program: int
    number: int


class Begin(Frozen):
    """A fault."""

    do: Literal["begin"]
    kind: str
    what: str
    options: dict[str, Any] = Field(default_factory=dict)


class End(Frozen):
    """The end of a fault."""

    do: Literal["end"]
    kind: str
    what: str


class Lasting(Frozen):
    """The faults that last."""

    do: Literal["lasting"]


class Loads(Frozen):
    """What has left by each end of each fibre so far."""

    do: Literal["loads"]


class KillController(Frozen):
    """Another is started."""

    do: Literal["kill-controller"]


class Demands(Frozen):
    """Whose packets are whose."""

    do: Literal["demands"]


class Controller(Frozen):
    """A request that is passed on to the controller."""

    do: Literal["controller"]
    request: dict[str, Any]


type Request = (
    Run
    | Mininet
    | Probe
    | Capture
    | Read
    | Write
    | Resize
    | Signal
    | Begin
    | End
    | Lasting
    | Loads
    | KillController
    | Demands
    | Controller
)
_READ: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="do")])


def request_of(text: str) -> Request:
    """InputError says in a line what a text is not."""
    return read_by(_READ, text)


def read_by[Kinds](kinds: TypeAdapter[Kinds], text: str | bytes) -> Kinds:
    """One of several kinds of JSON object, distinguished by a key; raises as ``request_of``."""
    try:
        return kinds.validate_json(text)
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"][1:])
        raise InputError(f"{where} {first['msg']}".strip()) from None


type Said = Mapping[str, Any]
ANY = [None, None, None]


def named(demands: Sequence[Said], words: Sequence[str]) -> list[Said]:
    """Those that ``DEMAND`` or ``SRC DST`` name, at least one; InputError."""
    if len(words) == 1:
        known = {one["demand"]: one for one in demands}
        if words[0] not in known:
            hint = nearest(words[0], known) or "corridor status lists them"
            raise InputError(f'no demand "{words[0]}" in this network', hint)
        return [known[words[0]]]
    src, dst = words
    between = [one for one in demands if (one["src"], one["dst"]) == (src, dst)]
    if not between:
        hubs = sorted({one[end] for one in demands for end in ("src", "dst")})
        unknown = [hub for hub in words if hub not in hubs]
        hint = (nearest_named(unknown[0], hubs) if unknown else "") or "corridor status lists them"
        raise InputError(f"no demand goes from {src} to {dst}: switches drop what is sent", hint)
    return between


def for_any_packet(demands: Sequence[Said], src: str, dst: str) -> str:
    """The demand that any packet between two hubs belongs to, ICMP too; InputError if there is
    none, or only ports distinguish its packets from those of others."""
    between = named(demands, [src, dst])
    for one in between:
        if ANY in one["packets"]:
            return str(one["demand"])
    names = "; ".join(f"{one['demand']}: {packets_of(one['packets'])}" for one in between)
    raise InputError(
        f"ICMP between {src} and {dst} belongs to no demand, and is dropped ({names})",
        f"corridor probe {between[0]['demand']}",
    )


def ping_problem(known: Said, src: str, command: Sequence[str]) -> str | None:
    """Return why switches drop what a program at hub ``src`` sends, or None.

    ``known`` are the demands of a network and the addresses of its hubs. Of programs, only ``ping``
    to a hub of the network is looked at: others choose their ports.
    """
    if PurePath(command[0]).name != "ping":
        return None
    hubs = {word: hub for hub, address in known["addresses"].items() for word in (hub, address)}
    hubs |= {address: hub for hub, address in known.get("ipv6_addresses", {}).items()}
    targets = [word for word in command[1:] if hubs.get(word, src) != src]
    families = [name for name, sign in (("ipv4", "-4"), ("ipv6", "-6")) if sign in command]
    try:
        for word in targets[-1:]:
            asked = ["ipv6"] if ":" in word else families or ["ipv4", "ipv6"]
            some = [one for one in known["demands"] if one.get("family", "ipv4") in asked]
            for_any_packet(some, src, hubs[word])
    except InputError as problem:
        return str(problem)
    return None
