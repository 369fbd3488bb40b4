"""The outcome of a packet at one switch, read from ``ofproto/trace`` of Open vSwitch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from corridor.controller.forwarding.program import Value
from trace_samples import Label, Sample

CONTROLLER = "controller"
SPENT_TTL = "reason=2"
"""OpenFlow 1.3, 7.4.1: why a packet whose TTL is spent is handed to a controller, if at all."""


class Out(NamedTuple):
    """A copy that leaves, with the headers it then has."""

    port: int | str
    label: Label | None
    headers: tuple[tuple[str, Value], ...]


class Answer(NamedTuple):
    """The entries that were met, by table, priority and cookie; and what left."""

    met: tuple[tuple[int, int, int], ...]
    outs: tuple[Out, ...]

    def __str__(self) -> str:
        met = " ".join(f"{table}/{priority}/{cookie:#x}" for table, priority, cookie in self.met)
        outs = "; ".join(f"{out.port} {out.label} {dict(out.headers)}" for out in self.outs)
        return f"met {met}; sends {outs or 'nothing'}"


_ENTRY = re.compile(r"^ *(\d+)\. (?:.*, )?priority (\d+)(?:, cookie (0x[0-9a-f]+))?$", re.MULTILINE)
_ACTIONS = re.compile(r"^Datapath actions: (.*)$", re.MULTILINE)
_PORT = re.compile(r"^\s+(\S+) (\d+)/(\d+):", re.MULTILINE)
_BUCKET = re.compile(r"-> using bucket (\d+)")


def port_numbers(said: str) -> dict[int, int]:
    """Datapath port to OpenFlow port of every bridge, from ``dpif/show``."""
    return {int(datapath): int(port) for _, port, datapath in _PORT.findall(said)}


def read_trace(said: str, sample: Sample, ports: Mapping[int, int]) -> Answer:
    """ValueError where it says something that has no meaning here."""
    (actions,) = _ACTIONS.findall(said)
    met = tuple(
        (int(table), int(priority), int(cookie or "0", 16))
        for table, priority, cookie in _ENTRY.findall(said)
    )
    return Answer(met, tuple(_carried_out(actions, sample, ports)))


def buckets_used(said: str) -> list[int]:
    return [int(bucket) for bucket in _BUCKET.findall(said)]


def _carried_out(actions: str, sample: Sample, ports: Mapping[int, int]) -> Iterator[Out]:
    """As the datapath would: actions in order, on the packet as it came in."""
    headers, label = dict(sample.headers), sample.label
    for action in _split(actions):
        name, inside = _named(action)
        if action == "drop":
            continue
        if action.isdigit():
            yield Out(ports[int(action)], label, tuple(sorted(headers.items())))
        elif name == "push_mpls" and label is None:
            label = _label(_fields(inside))
        elif name == "pop_mpls" and label is not None:
            label = None
        elif name == "set":
            kind, values = _named(inside)
            if kind == "mpls" and label is not None:
                label = _label(_fields(values))
            else:
                headers |= _set_fields(kind, _fields(values), headers)
        elif name == "userspace" and CONTROLLER in inside:
            if SPENT_TTL not in inside:
                yield Out(CONTROLLER, label, tuple(sorted(headers.items())))
        else:
            raise ValueError(f"no meaning for {action!r}")


def _set_fields(
    kind: str, fields: Mapping[str, str], before: Mapping[str, Value]
) -> dict[str, Value]:
    names: dict[str, dict[str, str]] = {
        "eth": {"src": "eth_src", "dst": "eth_dst"},
        "arp": {"sip": "arp_spa", "tip": "arp_tpa", "sha": "arp_sha", "tha": "arp_tha"},
        "ipv4": {},
        "ipv6": {},
    }
    if kind not in names:
        raise ValueError(f"no meaning for setting {kind!r}")
    made: dict[str, Value] = {}
    for field, text in fields.items():
        value, _, mask = text.partition("/")
        if field == "op":
            made["arp_op"] = int(value)
        elif field in ("tos", "tclass"):
            bits = int(mask, 0) if mask else 0xFF
            tos = int(before["ip_dscp"]) << 2 & ~bits | int(value, 0) & bits
            made["ip_dscp"] = tos >> 2
        elif field in names[kind]:
            made[names[kind][field]] = value
        else:
            raise ValueError(f"no meaning for {field} of {kind}")
    return made


def _label(fields: Mapping[str, str]) -> Label:
    return Label(*(int(fields[name]) for name in ("label", "tc", "ttl")))


def _fields(inside: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in _split(inside))


def _named(action: str) -> tuple[str, str]:
    """``name(inside)``, or a name alone."""
    name, _, rest = action.partition("(")
    return name, rest[:-1]


def _split(text: str) -> list[str]:
    """At commas outside of parentheses."""
    parts, depth = [""], 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def expired(ttl: int, hops: int) -> bool:
    """Whether a label's TTL does not suffice for what a switch spends of it."""
    return bool(hops) and ttl <= hops


def frozen(headers: Mapping[str, Any]) -> tuple[tuple[str, Value], ...]:
    return tuple(sorted(headers.items()))
