"""Traffic of every demand through a live network: that of runs, sent and counted by their agents.

Each demand sends probes in one direction, at a steady pace, without answers: what a packet meets is
the demand's own. What did not arrive is lost; what the monitor saw on a fibre that no policy in
force allows is forbidden.
"""

from __future__ import annotations

import contextlib
import itertools
import shutil
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from corridor.controller.intent.intent import Selector
from corridor.controller.intent.specification import Specification
from corridor.experiments.account.counters import SocketDrops
from corridor.experiments.account.summary import Crossing, CrossingsSummary
from corridor.experiments.account.transit_check import TransitChecker
from corridor.experiments.lab.line_process import AgentsProcess, MonitorProcess
from corridor.topologies.base.errors import MeasurementInvalid
from corridor.topologies.base.seconds import NS_PER_S
from corridor.traffic.agents.jobs import Done, Host, Job, Settings, plan_job
from corridor.traffic.agents.probe import Probe
from corridor.traffic.agents.program import Part
from corridor.traffic.agents.reflector import Reflector
from corridor.traffic.agents.scapy_process import build_templates
from corridor.traffic.agents.transits import Seen
from corridor.traffic.measures import samples
from corridor.traffic.packets.frame_spec import FrameSpec, ssid_of
from corridor.traffic.packets.template import FrameTemplate

if TYPE_CHECKING:
    from corridor.experiments.live_network.network import LiveNetwork

UDP_PORT, REPLY_PORT = 4000, 3999
"""Where traffic that may choose has its ports, and where answers would go to: each that runs in
another has the next."""
FRAME_BYTES = 86
SPACING_S = 0.004
SETTLE_S = 0.5
SELDOM = 10
AHEAD_NS = NS_PER_S // 10
MOST_S = 1800.0
"""No traffic lasts that long."""
MOST_PROBES, MOST_TRAFFIC = 1 << 20, 1 << 12
TIMEOUT_S = 60.0
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Account:
    """The result of traffic."""

    sent: dict[str, int]
    """By demand."""
    lost: dict[str, list[float]]
    """By demand, when what did not arrive was sent, in seconds since the start."""
    repeated: dict[str, int]
    """By demand, how often something arrived again."""
    verdict: CrossingsSummary

    def to_json(self) -> dict[str, Any]:
        return {
            "sent": self.sent,
            "lost": self.lost,
            "repeated": self.repeated,
            "frames": self.verdict.frames,
            "unseen": self.verdict.lost,
            "forbidden": [str(one) for one in self.verdict.forbidden],
            "strange": [str(one) for one in self.verdict.strange],
        }


class Engine:
    """What sends and what sees, in processes that outlast traffic: to start them takes longer."""

    def __init__(self, kept: LiveNetwork) -> None:
        self.kept = kept
        number = next(_numbers)
        paths = (kept.scratch / f"monitor{number}.json", kept.scratch / f"seen{number}.json")
        self.agents = AgentsProcess()
        try:
            self.monitor = MonitorProcess(kept.wiring, *paths)
        except BaseException:
            self.agents.close()
            raise

    def close(self) -> None:
        self.agents.close()
        self.monitor.close()


_idle: list[Engine] = []


@contextlib.contextmanager
def _engine(kept: LiveNetwork) -> Iterator[Engine]:
    """An idle one; it is kept for others, unless something fails."""
    engine = next((one for one in _idle if one.kept is kept), None)
    if engine is None:
        engine = Engine(kept)
    else:
        _idle.remove(engine)
    try:
        yield engine
    except BaseException:
        engine.close()
        raise
    _idle.append(engine)


class Traffic:
    """Of every demand from entering to leaving, after which ``account`` has the result.

    What is on a fibre must be allowed there by one of ``judged_by``: those that are in force while
    it runs. Where agents died, or their sockets had no room, it raises MeasurementInvalid instead.
    """

    _running = 0

    def __init__(
        self,
        kept: LiveNetwork,
        judged_by: Sequence[Specification] = (),
        *,
        spacing_s: float = SPACING_S,
        later: Sequence[tuple[float, float]] = (),
        settle_s: float = SETTLE_S,
        seldom: Collection[str] = (),
    ) -> None:
        """A demand's probes have the spacing ``spacing_s``; ``later`` has other spacings, by when
        after the start they begin. Demands that are to be sent ``seldom`` send every tenth."""
        self._kept = kept
        self._judged_by = judged_by or (kept.specification,)
        self._paces = ((0.0, spacing_s), *later)
        self._settle_s = settle_s
        self._seldom = frozenset(seldom)
        self._serial = next(_numbers)
        self._folder = kept.scratch / f"traffic{self._serial}"
        self._stack = contextlib.ExitStack()
        self.sent_ns: dict[str, list[int]]
        """By demand, when each probe was sent, CLOCK_REALTIME."""
        self.lost_ns: dict[str, list[int]]
        """Those of them that did not arrive."""
        self.account: Account
        self.seen: Seen
        """What the monitor wrote."""

    def __enter__(self) -> Traffic:
        with self._stack as stack:
            self._folder.mkdir()
            stack.callback(shutil.rmtree, self._folder)
            job_path = self._folder / "job.json"
            job_path.write_text(self._job().to_json())
            self._engine = stack.enter_context(_engine(self._kept))
            agents = self._engine.agents
            agents.begin(job_path)
            agents.wait("ready", TIMEOUT_S)
            self._engine.monitor.take()
            self.start_ns = time.time_ns() + AHEAD_NS
            agents.tell({"epoch_ns": self.start_ns})
            self._end_ns = agents.wait("started", TIMEOUT_S)["end_ns"]
            time.sleep(max(0, self.start_ns - time.time_ns()) / NS_PER_S)
            Traffic._running += 1
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        Traffic._running -= 1
        with self._stack:
            time.sleep(self._settle_s)
            if time.time_ns() > self._end_ns:
                raise MeasurementInvalid(f"traffic ended before {MOST_S} s")
            self._engine.agents.stop()
            done: Done = self._engine.agents.wait("done", TIMEOUT_S)
            self.seen = self._engine.monitor.take()
            _refuse_defects(done)
            self._count()

    def _count(self) -> None:
        probes = samples.join(samples.read_directory(self._folder))
        demands = [one.demand.id for one in self._kept.specification.directions]
        own = {
            demand: probes[probes["sent"] & (probes["demand"] == number)]
            for number, demand in enumerate(demands)
        }
        self.sent_ns = {demand: rows["t1_ns"].tolist() for demand, rows in own.items()}
        self.lost_ns = {
            demand: rows["t1_ns"][rows["reflections"] == 0].tolist() for demand, rows in own.items()
        }
        lost = {
            demand: [round((at_ns - self.start_ns) / NS_PER_S, 3) for at_ns in times]
            for demand, times in self.lost_ns.items()
        }
        sent = {demand: len(rows) for demand, rows in own.items()}
        again = {
            demand: int((rows["reflections"][rows["reflections"] > 0] - 1).sum())
            for demand, rows in own.items()
        }
        self.account = Account(sent, lost, again, self._judge(self.seen))

    def _job(self) -> Job:
        wiring, directions = self._kept.wiring, self._kept.specification.directions
        parts: dict[str, list[Part]] = {hub.hub: [] for hub in wiring.hubs}
        frames = _frames(self._kept.specification, self._kept, UDP_PORT + Traffic._running)
        doors = {(one.demand.dst, frames[number][0].dport) for number, one in enumerate(directions)}
        for hub, port in sorted(doors):
            parts[hub].append(Reflector(wiring.hub(hub).host_ip, port, answers=False))
        for number, one in enumerate(directions):
            parts[one.demand.src] += self._probes(number, one.demand.id, frames[number][1])
        hosts = (
            Host(hub.hub, self._kept.namespace_of(hub.hub), hub.host_interface, tuple(some))
            for hub in wiring.hubs
            if (some := parts[hub.hub])
        )
        settings = Settings(linger_ns=round(self._settle_s * NS_PER_S))
        return plan_job("virtual", str(self._folder), tuple(hosts), settings=settings)

    def _probes(self, number: int, demand: str, template: FrameTemplate) -> Iterator[Probe]:
        """Numbered on from one pace to the next, and by no other traffic."""
        seq = self._serial % MOST_TRAFFIC * MOST_PROBES
        reply_port = REPLY_PORT - Traffic._running
        ends = [*(from_s for from_s, _ in self._paces[1:]), MOST_S]
        for (from_s, spacing_s), until_s in zip(self._paces, ends, strict=True):
            apart_s = spacing_s * (SELDOM if demand in self._seldom else 1)
            count = -int((from_s - until_s) // apart_s)
            start_ns, apart_ns = round(from_s * NS_PER_S), round(apart_s * NS_PER_S)
            yield Probe(number, template, reply_port, start_ns, apart_ns, count, first_seq=seq)
            seq += count

    def _judge(self, seen: Seen) -> CrossingsSummary:
        """A crossing is forbidden, or without a demand, if all policies in force agree."""
        verdicts = [TransitChecker(one, self._kept.wiring).verdict(seen) for one in self._judged_by]
        return CrossingsSummary(
            frames=seen.frames,
            lost=seen.lost,
            forbidden=_common([one.forbidden for one in verdicts]),
            strange=_common([one.strange for one in verdicts]),
        )


def _frames(
    specification: Specification, kept: LiveNetwork, by_default: int
) -> list[tuple[FrameSpec, FrameTemplate]]:
    """What each demand sends."""
    specs = []
    for number, one in enumerate(specification.directions):
        src, dst = (kept.wiring.hub(hub) for hub in (one.demand.src, one.demand.dst))
        src_port, dst_port = _ports(one.selectors, by_default)
        specs.append(
            FrameSpec(
                id=str(number),
                kind="stamp",
                src_mac=src.host_mac,
                dst_mac=dst.host_mac,
                src_ip=src.host_ip,
                dst_ip=dst.host_ip,
                sport=src_port,
                dport=dst_port,
                size_bytes=FRAME_BYTES,
                ssid=ssid_of(number),
            )
        )
    built = _built(tuple(specs))
    return [(spec, built[spec.id]) for spec in specs]


@cache
def _built(specs: tuple[FrameSpec, ...]) -> dict[str, FrameTemplate]:
    return build_templates(specs)


def _ports(selectors: Sequence[Selector], by_default: int) -> tuple[int, int]:
    """Those of a UDP packet that is a demand's own."""
    one = next(one for one in selectors if one.protocol in (None, "udp"))
    return one.src_port or by_default, one.dst_port or by_default


def _refuse_defects(done: Done) -> None:
    """What agents lost by themselves would be taken for the network's."""
    if done["died"]:
        raise MeasurementInvalid(f"agents died: {done['died']}")
    for host, counts in done["agents"].items():
        drops = SocketDrops.of(counts)
        if drops.total:
            raise MeasurementInvalid(f"sockets of {host} had no room for {drops.total} packets")


def _common(of_each: Sequence[Sequence[Crossing]]) -> tuple[Crossing, ...]:
    first, *others = of_each
    return tuple(one for one in first if all(one in other for other in others))
