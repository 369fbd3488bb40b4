"""What operations can be asked for, as values. Pure.

Each is one line of JSON whose ``do`` says which it is.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError, field_validator

from corridor.experiments.operations.messages import data_of
from corridor.topologies.base.errors import InputError
from corridor.topologies.model.topology import Frozen

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
