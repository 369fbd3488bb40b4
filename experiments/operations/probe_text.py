"""Probes of a demand as lines for a person, and what they come to. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from corridor.experiments.answers.outcome import NOT_JUDGED


@dataclass
class Probes:
    """Those whose fate is known."""

    rtts_ns: list[int] = field(default_factory=list)
    lost: int = 0

    def take(self, said: Mapping[str, Any]) -> str:
        """One more; its line."""
        if said.get("lost"):
            self.lost += 1
            return f"seq {said['seq']:<4}  no answer"
        self.rtts_ns.append(said["rtt_ns"])
        there, back = (f"{said[key] / 1e6:.3f}" for key in ("there_ns", "back_ns"))
        return f"seq {said['seq']:<4}{said['rtt_ns'] / 1e6:9.3f} ms  (there {there}, back {back})"

    @property
    def count(self) -> int:
        return len(self.rtts_ns) + self.lost

    def summary(self) -> str:
        if not self.count:
            return "no probe was answered or lost yet"
        share = self.lost / self.count
        text = f"{self.count} probes, {self.lost} lost ({share:.1%})"
        if self.rtts_ns:
            low, high = min(self.rtts_ns), max(self.rtts_ns)
            mean = sum(self.rtts_ns) / len(self.rtts_ns)
            text += f"; RTT min/mean/max {low / 1e6:.3f}/{mean / 1e6:.3f}/{high / 1e6:.3f} ms"
        return text


def packets_of(kinds: list[list[Any]]) -> str:
    """What distinguishes a demand's packets from others between the same hubs."""
    return " or ".join(_kind(*one) for one in kinds)


def _kind(protocol: str | None, src_port: int | None, dst_port: int | None) -> str:
    if protocol is None and src_port is None and dst_port is None:
        return "any packet"
    ports = [f"{name} port {port}" for name, port in (("from", src_port), ("to", dst_port)) if port]
    return " ".join([(protocol or "any protocol").upper(), *ports])


# A traced packet as text: how its demand is served, then hub by hub. Pure.

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
    of_ipv6 = "ipv6_src" in packet
    ends = []
    for end in ("src", "dst"):
        address = f"[{packet[f'ipv6_{end}']}]" if of_ipv6 else packet[f"ipv4_{end}"]
        ends.append(f"{address}:{packet.get(f'{protocol}_{end}', '')}")
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
