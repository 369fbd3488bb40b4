"""A fibre is cut: both ends lose their carrier, or, silently, all that is sent is lost.

A silent cut is noticed by both ends at once, by BFD. A real one somewhere on a long fibre is
noticed by either end up to half its delay later, since what is past the cut still arrives.
"""

from __future__ import annotations

from corridor.topologies.base.options import Option, Values
from corridor.topologies.faults.kind import Effect, FaultKind, Interfaces, interfaces_of

CUT, SILENCE, MEND = "cut", "silence", "repair"


def cut_carrier(network: Interfaces, fibre: str, _options: Values) -> list[str]:
    """Take both ends' links down: what is under way is lost, and both switches see it."""
    return network.make((CUT, fibre), Effect(off=interfaces_of(network.wiring, fibre)))


def cut_silently(network: Interfaces, fibre: str, _options: Values) -> list[str]:
    """Lose all that is on the fibre, and all that enters it, both ways, with its carrier up."""
    return network.make((SILENCE, fibre), Effect(silent=interfaces_of(network.wiring, fibre)))


def repair(network: Interfaces, fibre: str, _options: Values) -> list[str]:
    """Undo both kinds of cut: links up, and the shaping as it was."""
    interfaces_of(network.wiring, fibre)
    return network.end((CUT, fibre), (SILENCE, fibre))


KIND = FaultKind(
    key="cut",
    of="fibre",
    words="a fibre whose both ends lose their carrier",
    example="{at: 500ms, until: 900ms, cut: guian-kunming}",
    options={
        "silent": Option(
            "flag", "what is sent is lost and the carrier stays, so that only BFD notices", False
        )
    },
    actions={CUT: cut_carrier, SILENCE: cut_silently, MEND: repair},
    begin=CUT,
    instead={"silent": SILENCE},
    end=MEND,
    only_bfd_notices=frozenset(["silent"]),
)
