"""What is random on fibres, as scenarios say it: how losses come, jitter and late packets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Protocol

from annotated_types import Ge, Le
from pydantic import Field, field_validator

from corridor.experiments.scenario.fields import DurationNs, ShareAsText
from corridor.topologies.base.documents import Document
from corridor.topologies.base.units import QuantityError, format_duration
from corridor.topologies.model.line import Bursts, Line, of_mean
from corridor.topologies.model.topology import Frozen, Topology

LONGEST_NS = 100_000_000
LEAST_BEGINS = 3e-10
"""netem has probabilities of 32 bits."""
LEAST_LATE = 1 / 16_384
"""The smallest share that a table of netem holds."""
PPM_DIGITS = 6
"""A millionth of a part per million: finer than what netem can do."""


class Gilbert(Frozen):
    """Losses by the model of Gilbert and Elliott, in the letters of ``tc``."""

    p: ShareAsText
    """Probability of the change from the good to the bad state."""
    r: ShareAsText
    """Probability of the change back."""
    lost_bad: ShareAsText = Field(default=1.0, alias="1-h")
    """Loss in the bad state."""
    lost_good: ShareAsText = Field(default=0.0, alias="1-k")
    """Loss in the good state."""


class Late(Frozen):
    """Packets that those behind them overtake."""

    share: ShareAsText
    """Share of packets."""
    by: DurationNs
    """Their additional delay."""

    @field_validator("by")
    @classmethod
    def _short(cls, by: int) -> int:
        return _short(by)


class LineOptions(Frozen):
    """What is random on a fibre next to its loss, in each direction on its own."""

    burst: Annotated[float, Ge(1), Le(1_000_000)] | None = None
    """Mean number of packets lost in a row; ``loss`` is still the share of all packets."""
    gilbert: Gilbert | None = None
    """All parameters of the loss model, for example ``{p: 1%, r: 20%}``, instead of a loss."""
    jitter: DurationNs | None = None
    """Upper bound of a uniformly distributed additional delay; ``100ms`` at most."""
    late: Late | None = None
    """Packets that others overtake, for example ``{share: 1%, by: 3ms}``."""

    @field_validator("jitter")
    @classmethod
    def _short(cls, jitter: int | None) -> int | None:
        return jitter and _short(jitter)


class Network(Protocol):
    """What a scenario states about its fibres."""

    @property
    def loss(self) -> float: ...
    @property
    def fibre_loss(self) -> Mapping[str, float]: ...
    @property
    def line(self) -> LineOptions: ...
    @property
    def fibre_line(self) -> Mapping[str, LineOptions]: ...


def _short(duration_ns: int) -> int:
    if duration_ns > LONGEST_NS:
        most, said = map(format_duration, (LONGEST_NS, duration_ns))
        raise QuantityError(f"a packet is {most} later at most, not {said}")
    return duration_ns


def lines(network: Network, topology: Topology) -> dict[str, Line]:
    """What is random on each fibre."""
    return {fibre.id: line_of(network, fibre.id) for fibre in topology.fibres}


def line_of(network: Network, fibre: str) -> Line:
    said = network.fibre_line.get(fibre, network.line)
    loss = network.fibre_loss.get(fibre, network.loss)
    bursts: Bursts | None = None
    if said.gilbert is not None:
        given = said.gilbert
        bursts = Bursts(given.p, given.r, given.lost_bad, given.lost_good)
        loss = bursts.mean_loss
    elif said.burst is not None and loss:
        bursts = of_mean(loss, said.burst)
    late = said.late
    return Line(
        loss_ppm=_whole(round(loss * 1e6, PPM_DIGITS)),
        bursts=bursts,
        jitter_ns=said.jitter or 0,
        late_ns=late.by if late and late.share else 0,
        late_ppm=_whole(round(late.share * 1e6, PPM_DIGITS)) if late and late.share else 0,
    )


def _whole(number: float) -> float:
    return int(number) if number == int(number) else number


def check_lines(document: Document, network: Network) -> None:
    """Check that the stated losses are possible, and stated once. InputError."""
    _check(document, network.line, [network.loss], "network", "line")
    for fibre, said in network.fibre_line.items():
        loss = network.fibre_loss.get(fibre, network.loss)
        _check(document, said, [loss], "network", "fibre_line", fibre)
    if network.line.gilbert and network.fibre_loss:
        fibre = next(iter(network.fibre_loss))
        if fibre not in network.fibre_line:
            raise document.error(
                f"{fibre} has its own loss, and the model of losses of every fibre",
                *("network", "fibre_loss", fibre),
                hint=f"give it a separate line: fibre_line: {{{fibre}: {{burst: 4}}}}",
            )


def _check(document: Document, said: LineOptions, losses: list[float], *path: str) -> None:
    if said.gilbert is not None:
        _check_gilbert(document, said.gilbert, *path, "gilbert")
        if said.burst is not None or any(losses):
            also = "burst" if said.burst is not None else "loss"
            message = f"gilbert already sets the loss, and {also} says it again"
            raise document.error(message, *path, "gilbert", hint=f"leave out gilbert, or {also}")
    elif said.burst is not None:
        _check_burst(document, said.burst, losses, *path, "burst")
    if said.late is not None:
        _check_late(document, said.late.share, *path, "late", "share")


def _check_gilbert(document: Document, said: Gilbert, *path: str) -> None:
    for name, field in Gilbert.model_fields.items():
        if getattr(said, name) > 1:
            key = field.alias or name
            raise document.error("a probability cannot exceed 100%", *path, key)
    if not said.r:
        message = "a burst has no end, so all later packets are lost"
        raise document.error(message, *path, "r", hint="write for example r: 25%")


def _check_burst(document: Document, burst: float, losses: list[float], *path: str) -> None:
    if not any(losses):
        message = "losses come in bursts, and nothing is lost"
        raise document.error(message, *path, hint="say how much: network: {loss: 1%, ...}")
    most = burst / (burst + 1)
    if max(losses) > most:
        raise document.error(
            f"bursts of {burst:g} packets lose {most * 100:.3g}% of all at most",
            *path,
            hint="make them longer, or the loss smaller",
        )
    if min(filter(None, losses)) < LEAST_BEGINS * burst:
        message = f"bursts of {burst:g} packets begin less often than netem can do at that loss"
        raise document.error(message, *path, hint="make them shorter, or the loss greater")


def _check_late(document: Document, share: float, *path: str) -> None:
    if share >= 0.5:
        message = "at 50% and more, those that are not late would be the exception"
        raise document.error(message, *path, hint="write for example share: 1%")
    if 0 < share < LEAST_LATE:
        message = f"a share of {share * 100:g}% is less than netem can do"
        raise document.error(message, *path, hint=f"write at least {LEAST_LATE * 100:.2g}%")
