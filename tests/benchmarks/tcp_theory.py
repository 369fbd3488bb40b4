"""Kernel TCP against theory, in a guest: alone, over unlike round trips, with losses.

    .venv/bin/python -m tests.benchmarks.tcp_theory [alone] [rtts] [losses]

Rates are of payload that was acknowledged, without the start. About ten minutes for all.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import cbrt
from pathlib import Path
from typing import Any

from corridor.experiments.terminal.columns import render
from tests.benchmarks import tcp_lab
from tests.benchmarks import theory_of_tcp as theory
from tests.benchmarks.in_guest import run_inside, say
from tests.benchmarks.plain import Line
from tests.benchmarks.tcp_lab import FRAME_BYTES, MSS_BYTES, PAYLOAD, Flow, Got
from tests.benchmarks.theory_of_tcp import rtt_weights

MODULE = "tests.benchmarks.tcp_theory"
MBPS, MS = 10**6, tcp_lab.NS_PER_MS


def case(group: str, name: str, measured: float, predicted: Sequence[float], unit: str) -> None:
    """``predicted`` is a value, or the minimum and the maximum; empty where none is known."""
    say("case", group=group, name=name, measured=measured, predicted=predicted, unit=unit)


def alone(out_dir: Path) -> None:
    """What share of a fibre one connection takes."""
    rate_bps, lasts_s, from_s = 100 * MBPS, 60, 20
    for rtt_ms in (20, 60, 150):
        for buffer_ms in sorted({20, rtt_ms}):
            line = Line(0, 1, rate_bps, rtt_ms * MS // 2)
            with tcp_lab.lines_up(2, [line], out_dir, buffer_ms) as net:
                for congestion in ("cubic", "bbr"):
                    flow = Flow(0, 1, lasts_s, congestion)
                    (got,) = tcp_lab.run(net, [flow], out_dir / "alone")
                    share = got.bps(from_s, lasts_s) / (rate_bps * PAYLOAD)
                    name = f"{congestion}, {rtt_ms} ms, buffer of {buffer_ms} ms"
                    predicted = [cubic_share(rate_bps, rtt_ms / 1e3, buffer_ms / 1e3)]
                    case("alone", name, share, predicted if congestion == "cubic" else [], "")


def cubic_share(rate_bps: float, rtt_s: float, buffer_s: float) -> float:
    """Of a fibre, from one loss to the next (RFC 9438, section 4.2): the window is bounded by path
    and buffer, and fills the fibre while it is above the path's."""
    path = rate_bps * rtt_s / (FRAME_BYTES * 8)
    most = path * (rtt_s + buffer_s) / rtt_s
    again_s = cbrt(most * (1 - theory.CUBIC_BETA) / theory.CUBIC_C)
    steps = 1000
    windows = (
        theory.CUBIC_C * (again_s * step / steps - again_s) ** 3 + most for step in range(steps)
    )
    return sum(min(window / path, 1) for window in windows) / steps


def rtts(out_dir: Path) -> None:
    """What the nearer of two connections gets, of what the farther one does."""
    near_ms, far_ms = 60, 120
    for congestion, loss_ppm, lasts_s in (("reno", 1000, 400), ("cubic", 100, 800)):
        with tcp_lab.lines_up(4, _fork(100, near_ms, far_ms, loss_ppm), out_dir, 60) as net:
            ratio = _near_by_far(net, congestion, lasts_s, out_dir)
        exponent = 1.0 if congestion == "reno" else 0.25
        near, far = rtt_weights((near_ms / 1e3, far_ms / 1e3), exponent)
        name = f"{congestion}, {near_ms} and {far_ms} ms, losses at random"
        case("rtts", name, ratio, [near / far], "")
    for congestion, exponents in (("reno", (1, 2)), ("cubic", (0.25, 2)), ("bbr", ())):
        for near_ms, far_ms in ((20, 40), (20, 80)):
            with tcp_lab.lines_up(4, _fork(20, near_ms, far_ms), out_dir, near_ms) as net:
                ratio = _near_by_far(net, congestion, 200, out_dir)
            bounds = [(far_ms / near_ms) ** exponent for exponent in exponents]
            case("rtts", f"{congestion}, {near_ms} and {far_ms} ms, full", ratio, bounds, "")


def _fork(rate_mbps: int, near_ms: int, far_ms: int, loss_ppm: float = 0) -> list[Line]:
    """From hubs 0 and 1 to hub 2, and on over the fibre they share."""
    shared_ns = (near_ms - 2) * MS // 2
    far_ns = far_ms * MS // 2 - shared_ns
    return [
        Line(0, 2, 1000 * MBPS, MS),
        Line(1, 2, 1000 * MBPS, far_ns),
        Line(2, 3, rate_mbps * MBPS, shared_ns, loss_ppm),
    ]


def _near_by_far(net: Any, congestion: str, lasts_s: int, out_dir: Path) -> float:
    flows = [Flow(hub, 3, lasts_s, congestion, 0.37 * hub) for hub in (0, 1)]
    near, far = _rates(tcp_lab.run(net, flows, out_dir / "rtts"), 20, lasts_s)
    return near / far


def losses(out_dir: Path) -> None:
    """The rate of one connection that loses packets at random."""
    rate_bps, rtt_s, lasts_s, from_s = 100 * MBPS, 0.06, 300, 20
    for loss in (0.001, 0.003, 0.01):
        line = Line(0, 1, rate_bps, int(rtt_s * 1e9 / 2), loss * 1e6)
        with tcp_lab.lines_up(2, [line], out_dir, 60) as net:
            for congestion in ("reno", "cubic", "bbr"):
                lasting = lasts_s if congestion != "bbr" else lasts_s // 10
                (got,) = tcp_lab.run(net, [Flow(0, 1, lasting, congestion)], out_dir / "losses")
                foreseen = {
                    "reno": [theory.mathis_bps(MSS_BYTES, rtt_s, loss)],
                    "cubic": [theory.cubic_bps(MSS_BYTES, rtt_s, loss)],
                    "bbr": [],
                }[congestion]
                case(
                    "losses",
                    f"{congestion}, {loss:.1%} of packets",
                    got.bps(from_s, lasting) / 1e6,
                    [one / 1e6 for one in foreseen],
                    " Mbit/s",
                )


def _rates(found: Sequence[Got], from_s: float, until_s: float) -> list[float]:
    return [one.bps(from_s, until_s) for one in found]


GROUPS: Mapping[str, Callable[[Path], None]] = {
    "alone": alone,
    "rtts": rtts,
    "losses": losses,
}


def inside(out_dir: Path, *groups: str) -> None:
    for group in groups:
        GROUPS[group](out_dir)


def _row(said: Mapping[str, Any]) -> tuple[str, ...]:
    measured, unit, predicted = said["measured"], said["unit"], said["predicted"]
    stated = " to ".join(f"{one:.3f}" for one in predicted)
    off = f"{measured / predicted[0] - 1:+.1%}" if len(predicted) == 1 else ""
    return said["group"], said["name"], f"{measured:.3f}{unit}", stated and stated + unit, off


def measure(groups: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []

    def note(event: Mapping[str, Any]) -> None:
        if event["event"] == "case":
            found.append(event)
            print(*_row(event), sep="; ", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="corridor-benchmark-") as folder:
        run_inside(MODULE, Path(folder), groups, note)
    yield from found


def main() -> None:
    if sys.argv[1:2] == ["inside"]:
        inside(Path(sys.argv[2]), *sys.argv[3:])
        return
    rows = [_row(one) for one in measure(sys.argv[1:] or [*GROUPS])]
    heads = ("", "connections", "measured", "theory", "off")
    print(render(heads, rows, frozenset(heads[2:])))


if __name__ == "__main__":
    main()
