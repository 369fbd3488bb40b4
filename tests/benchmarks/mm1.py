"""Messages of exponential size before a fibre against M/M/1: ``python -m tests.benchmarks.mm1``.

A message is offered all at once, as datagrams one behind the other, so that the fibre serves it for
as long as its octets take: what its first datagram waits is the work it found unfinished, and its
last one arrives when it is served. Frames of 62 octets at least and whole octets are all that is
between that and exponential service; theory for exactly these sizes stands beside.

Waits of one queue depend on each other: intervals are of means of batches that are much longer than
that lasts (``relaxation``).
"""

from __future__ import annotations

import argparse
import select
import socket
import sys
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from math import sqrt
from pathlib import Path
from struct import Struct
from time import time_ns
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corridor.topologies.base.seeds import seed_of
from corridor.topologies.emulation.network import CorridorNet
from corridor.traffic.measures.quantiles import CONFIDENCE, Interval
from corridor.traffic.packets import kernel
from corridor.traffic.workloads import arrivals
from corridor.traffic.workloads.arrival_kind import SplitMix64
from corridor.traffic.workloads.sizes import KINDS, Sizes
from tests.benchmarks import tcp_lab
from tests.benchmarks import theory_of_waiting as waiting
from tests.benchmarks.in_guest import run_inside, say
from tests.benchmarks.plain import Line

MODULE = "tests.benchmarks.mm1"
RATE_BPS, DELAY_NS, BUFFER_MS = 100_000_000, 1_000_000, 2000
FULL_BYTES, LEAST_BYTES = 1518, 62
"""On the fibre, with a label: a full frame, and one of no more than our header."""
AROUND_BYTES = 46
"""Of a frame on the fibre, besides the datagram's payload."""
MEAN_BYTES = 10_000
SIZES = Sizes(KINDS["exponential"], {"mean": MEAN_BYTES})
LOADS = {0.3: 40_000, 0.6: 80_000, 0.9: 400_000}
"""And how many messages: the fuller a queue, the longer its waits resemble each other."""
WARM_UP = 0.05
BATCHES = 20
"""Of each run."""
NEAR_US = 1.3
PORT, DRAIN_EVERY = 54_000, 32
_HEAD = Struct("!IQ")
_STAMP = Struct("@16xqq")
_COLUMNS = ("octets", "sent_ns", "first_ns", "last_ns")


def datagrams(octets: float) -> list[int]:
    """Payloads of a message that is to have this number of octets on the fibre."""
    full, rest = divmod(max(round(octets), LEAST_BYTES), FULL_BYTES)
    frames = [FULL_BYTES] * full + ([max(rest, LEAST_BYTES)] if rest else [])
    return [frame - AROUND_BYTES for frame in frames]


def on_fibre(payloads: Sequence[int]) -> int:
    return sum(payloads) + AROUND_BYTES * len(payloads)


class Receiver:
    """When the first and the last datagram of each message came."""

    def __init__(self, messages: int) -> None:
        self.first_ns, self.last_ns = (
            array("q", bytes(8 * messages)),
            array("q", bytes(8 * messages)),
        )
        self.datagrams = 0
        self._batch = kernel.ReceiveBatch(_HEAD.size, 256)
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.setsockopt(socket.SOL_SOCKET, kernel.SO_RCVBUFFORCE, 256 << 20)
        self._sock.setsockopt(socket.SOL_SOCKET, kernel.SO_TIMESTAMPNS, 1)
        self._sock.bind(("", PORT))

    def drain(self) -> None:
        batch = self._batch
        while got := batch.receive(self._sock.fileno()):
            heads = _HEAD.iter_unpack(batch.heads[: got * batch.head_bytes])
            stamps = _STAMP.iter_unpack(batch.controls[: got * batch.control_bytes])
            for (number, _), (seconds, ns) in zip(heads, stamps, strict=True):
                at_ns = seconds * tcp_lab.NS_PER_S + ns
                self.first_ns[number] = self.first_ns[number] or at_ns
                self.last_ns[number] = at_ns
            self.datagrams += got


class Clock:
    """Waits for moments."""

    def __init__(self) -> None:
        self._timer = kernel.AbsoluteTimer()
        self._poll = select.poll()
        self._poll.register(self._timer.fd, select.POLLIN)

    def wait(self, until_ns: int) -> None:
        self._timer.set(until_ns)
        self._poll.poll()


def offer(net: CorridorNet, load: float, messages: int, seed: int) -> dict[str, array[int]]:
    """All of them over the fibre between the first two hubs, by columns."""
    octets = array("q")
    sent_ns = array("q")
    numbers = SplitMix64(seed_of(seed, f"{load}", "sizes"))
    with net["hub1"].namespace.entered():
        receiver = Receiver(messages)
    with net["hub0"].namespace.entered():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, kernel.SO_SNDBUFFORCE, 64 << 20)
        sock.connect((net.wiring.hub("hub1").host_ip, PORT))
    clock, buffer, sent = Clock(), bytearray(FULL_BYTES), 0
    view, send = memoryview(buffer), sock.send
    begin_ns = time_ns() + tcp_lab.LEAD_NS
    interval_ns = round(MEAN_BYTES * 8e9 / RATE_BPS / load)
    drawn = SplitMix64(seed_of(seed, f"{load}", "arrivals"))
    for number, due_ns in enumerate(
        arrivals.poisson_times(begin_ns, interval_ns, messages, drawn, {})
    ):
        payloads = datagrams(SIZES.draw(numbers))
        clock.wait(due_ns)
        now_ns = time_ns()
        _HEAD.pack_into(buffer, 0, number, now_ns)
        for payload in payloads:
            send(view[:payload])
        octets.append(on_fibre(payloads))
        sent_ns.append(now_ns)
        sent += len(payloads)
        if number % DRAIN_EVERY == 0:
            receiver.drain()
    clock.wait(time_ns() + BUFFER_MS * tcp_lab.NS_PER_MS)
    receiver.drain()
    assert receiver.datagrams == sent, f"{sent - receiver.datagrams} of {sent} datagrams were lost"
    return dict(zip(_COLUMNS, (octets, sent_ns, receiver.first_ns, receiver.last_ns), strict=True))


def inside(out_dir: Path, seed: str, *loads: str) -> None:
    """``loads`` are each with a number of messages, as in ``0.3:40000``."""
    line = Line(0, 1, RATE_BPS, DELAY_NS)
    for one in loads:
        load, messages = one.split(":")
        with tcp_lab.lines_up(2, [line], out_dir, BUFFER_MS) as net:
            found = offer(net, float(load), int(messages), int(seed))
        for name, column in found.items():
            with (out_dir / f"{load}-{name}").open("wb") as file:
                column.tofile(file)
        say("offered", load=load)


class Service(NamedTuple):
    """What sizes on the fibre are, exactly."""

    mean_s: float
    cv: float


def true_service() -> Service:
    """Of exponential octets, rounded and cut into frames as ``datagrams`` does."""
    octets = np.arange(60 * MEAN_BYTES)
    at_most = 1 - np.exp(-(octets + 0.5) / MEAN_BYTES)
    shares = np.diff(at_most, prepend=0.0)
    full, rest = np.divmod(np.maximum(octets, LEAST_BYTES), FULL_BYTES)
    last = np.where(rest > 0, np.maximum(rest, LEAST_BYTES), 0)
    service_s = (full * FULL_BYTES + last) * 8 / RATE_BPS
    mean_s = float((service_s * shares).sum())
    square = float((service_s**2 * shares).sum())
    return Service(mean_s, sqrt(square / mean_s**2 - 1))


def relaxation(load: float) -> float:
    """After how many arrivals M/M/1 has forgotten how it began, but for a part in e (Cohen, The
    Single Server Queue, section II.2): its waits resemble each other for about as long."""
    return load / (1 - sqrt(load)) ** 2


class Waits(NamedTuple):
    """Of messages in their order, in seconds."""

    wait_s: NDArray[np.float64]
    """Of the first datagram."""
    stay_s: NDArray[np.float64]
    """From its offer until its last datagram has been sent onto the fibre."""
    lindley_s: NDArray[np.float64]
    """The wait by the recursion, for the same arrivals and sizes."""


def waits_of(columns: dict[str, NDArray[np.int64]]) -> Waits:
    octets, sent_ns = columns["octets"], columns["sent_ns"]
    service_s = octets * 8 / RATE_BPS
    first_s = np.minimum(octets, FULL_BYTES) * 8 / RATE_BPS
    wait_s = (columns["first_ns"] - sent_ns - DELAY_NS) / 1e9 - first_s
    stay_s = (columns["last_ns"] - sent_ns - DELAY_NS) / 1e9
    walk = np.concatenate(([0.0], np.cumsum(service_s[:-1] - np.diff(sent_ns) / 1e9)))
    return Waits(wait_s, stay_s, walk - np.minimum.accumulate(walk))


class Row(NamedTuple):
    """One figure next to theory's."""

    name: str
    exponential: float
    """Of M/M/1."""
    exactly: float | None
    """Of M/G/1, for the sizes as they are."""
    measured: float
    interval: Interval


def mean_of_batches(
    values: NDArray[np.float64], batches: int = 20, confidence: float = CONFIDENCE
) -> Interval | None:
    """Return the interval of the mean of values in order of time, by the means of batches (Law,
    Simulation Modeling and Analysis, section 9.5.3); None of fewer values than two a batch.

    Batches have to be much longer than the correlation lasts: the coverage is less otherwise.
    """
    from scipy.special import stdtrit

    each = len(values) // batches
    if each < 2:
        return None
    means = values[: each * batches].reshape(batches, each).mean(axis=1)
    spread = float(stdtrit(batches - 1, (1 + confidence) / 2))
    half = spread * float(means.std(ddof=1)) / batches**0.5
    return Interval(float(means.mean()) - half, float(means.mean()) + half)


def rows(load: float, runs: Sequence[Waits]) -> Iterator[Row]:
    """Of runs of the same length; times in microseconds, intervals at 95 %."""
    service_s, true = MEAN_BYTES * 8 / RATE_BPS, true_service()
    true_load = load * true.mean_s / service_s
    batches = BATCHES * len(runs)
    wait_s, stay_s = (_settled([one[which] for one in runs]) for which in (0, 1))

    def row(
        name: str, exponential: float, exactly: float | None, values: NDArray[np.float64]
    ) -> Row:
        interval = mean_of_batches(values, batches)
        assert interval is not None
        return Row(name, exponential, exactly, float(values.mean()), interval)

    mean_s = waiting.mm1_mean_s(load, service_s)
    exactly_s = waiting.mg1_mean_s(true_load, true.mean_s, true.cv)
    yield row("mean wait, us", mean_s * 1e6, exactly_s * 1e6, wait_s * 1e6)
    there_s = exactly_s + true.mean_s
    yield row("mean stay, us", (mean_s + service_s) * 1e6, there_s * 1e6, stay_s * 1e6)
    yield row("wait at all, %", load * 100, true_load * 100, np.where(wait_s > 1e-6, 100.0, 0.0))
    for share in (0.9, 0.99):
        least_s = waiting.mm1_quantile_s(load, service_s, share)
        beyond = np.where(wait_s > least_s, 100.0, 0.0)
        name = f"wait longer than {least_s * 1e6:.0f} us, %"
        yield row(name, (1 - share) * 100, None, beyond)


def _settled(runs: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """One behind the other without their warm-ups, in whole batches of each."""
    length = len(runs[0])
    each = int(length * (1 - WARM_UP)) // BATCHES
    return np.concatenate([one[length - each * BATCHES :] for one in runs])


HEADINGS = """\
| load | | M/M/1 | M/G/1 exactly | measured | interval | holds |
|---|---|---|---|---|---|---|"""


def line_of(load: float, row: Row) -> str:
    exactly = "" if row.exactly is None else f"{row.exactly:.2f}"
    holds = "yes" if row.interval.holds(row.exponential) else "no"
    return (
        f"| {load:.0%} | {row.name} | {row.exponential:.2f} | {exactly} | {row.measured:.2f} "
        f"| {row.interval.low:.2f} to {row.interval.high:.2f} | {holds} |"
    )


def columns_in(folder: Path, load: float) -> dict[str, NDArray[np.int64]]:
    return {name: np.fromfile(folder / f"{load}-{name}", np.int64) for name in _COLUMNS}


def main() -> None:
    if sys.argv[1:2] == ["inside"]:
        inside(Path(sys.argv[2]), *sys.argv[3:])
        return
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}")
    parser.add_argument("--messages", type=float, default=1.0, help="factor of messages")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--out", type=Path, default=None, metavar="DIR")
    parser.add_argument("--again", action="store_true", help="only judge what is in --out")
    asked = parser.parse_args()
    folder = asked.out or Path(tempfile.mkdtemp(prefix="corridor-mm1-"))
    folders = {seed: folder / f"seed-{seed}" for seed in asked.seeds}
    if not asked.again:
        loads = [f"{load}:{round(count * asked.messages)}" for load, count in LOADS.items()]
        for seed, own in folders.items():
            own.mkdir(parents=True, exist_ok=True)
            run_inside(MODULE, own, [str(seed), *loads])
    true = true_service()
    print(f"service: {true.mean_s * 1e6:.3f} us on average, cv {true.cv:.5f}\n{HEADINGS}")
    for load in LOADS:
        runs = [waits_of(columns_in(own, load)) for own in folders.values()]
        for row in rows(load, runs):
            print(line_of(load, row))
        print(exactness(load, runs))


def exactness(load: float, runs: Sequence[Waits]) -> str:
    """How far single messages are from the recursion, and how long batches are."""
    off_us = np.array([np.abs(one.wait_s - one.lindley_s) * 1e6 for one in runs])
    known = off_us[:, 1:]
    each = int(off_us.shape[1] * (1 - WARM_UP)) // BATCHES
    return (
        f"{load:.0%}: {off_us.size} messages; from the recursion: the first of a run"
        f" {off_us[:, 0].max():.2f} us at most, others {known.max():.2f}, and all but"
        f" {np.count_nonzero(known > NEAR_US)} of them {NEAR_US} us; batches of {each} messages,"
        f" where M/M/1 forgets after {relaxation(load):.0f}"
    )


if __name__ == "__main__":
    main()
