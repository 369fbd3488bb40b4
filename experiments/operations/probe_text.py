"""Probes of a demand as lines for a person, and what they come to. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


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
