"""A traced packet as text: how its demand is served, then hub by hub. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from corridor.experiments.text.judged import NOT_JUDGED

type Said = Mapping[str, Any]
PROTOCOLS = {6: "tcp", 17: "udp"}


def traced(trace: Said, demand: Said, epoch: int, *, live: bool) -> str:
    """``trace`` as the controller has it, with the status of its demand."""
    lines = [*_served(demand), _packet(trace["packet"])]
    source = "as read back from the switches" if live else "as deployed"
    lines.append(f"tables {source}, epoch {epoch}:")
    for number, hop in enumerate(trace["hops"], start=1):
        lines += _hop(number, hop)
    return "\n".join([*lines, f"it is {trace['end']}"])


def _served(demand: Said) -> Iterator[str]:
    law = "; ".join(one for one in (demand["clause"], *demand["legal_ref"]) if one)
    permit = f" by permit {demand['permit']}" if demand["permit"] else ""
    if not demand.get("judged", True):
        permit = f", {NOT_JUDGED}"
    yield f"{demand['demand']}: {demand['status']}{permit}" + (f" ({law})" if law else "")
    if demand["reason"]:
        yield f"  {demand['reason']}"


def _packet(packet: Said) -> str:
    protocol = PROTOCOLS.get(packet.get("ip_proto", 0), "ip")
    ends = [
        f"{packet[f'ipv4_{end}']}:{packet.get(f'{protocol}_{end}', '')}" for end in ("src", "dst")
    ]
    return f"packet: {protocol.upper()} {' > '.join(ends)}"


def _hop(number: int, hop: Said) -> Iterator[str]:
    onward = f", leaves by {hop['by']}" if hop["by"] else ""
    label = hop["label"]
    if label is not None:
        state = f"{label['state'] or label['phase']}, epoch {label['epoch']}"
        onward += f" with label {label['number']} ({state})"
    yield f"{number:3} {hop['hub']} after {hop['one_way_ns'] / 1e6:.3f} ms{onward}"
    yield from (f"      {entry}" for entry in hop["entries"])
    if hop["found_dead"]:
        yield f"      found dead: {', '.join(hop['found_dead'])}"
