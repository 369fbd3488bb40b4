"""What each policy costs a placement, lifted alone, and which hubs all jobs may share. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from corridor.controller.policy.automaton import DEFAULT_DENY
from corridor.controller.policy.model import Hard, Policy, PolicySet
from corridor.experiments.placement.hub_values import BY_EMISSIONS, End
from corridor.experiments.placement.jobs_file import Job, LoadedJobs
from corridor.experiments.placement.place_documents import CommonHub, LiftedPolicy
from corridor.experiments.placement.placing import Placing, moved
from corridor.experiments.placement.program import NoPlacement

LEAST_SAVED = 1e-6
"""Of the optimum: less is an error of rounding."""


def common_hubs(placing: Placing) -> Iterator[CommonHub]:
    """Hubs where all entries may run without law, the nearest first."""
    jobs = placing.loaded.file.jobs
    free = [placing.options(one, law=False) for one in jobs]
    shared = set[int].intersection(*(set(one) for one in free))
    for at in sorted(shared, key=lambda hub: max(one[hub].rtt_ns for one in free)):
        lawful = [placing.options(one, law=True).get(at) for one in jobs]
        blocked = [job for job, trip in zip(jobs, lawful, strict=True) if trip is None]
        hub, longest = placing.hubs[at].hub, max(range(len(jobs)), key=lambda n: free[n][at].rtt_ns)
        trip = free[longest][at]
        rtt_ns = None if blocked else max(one.rtt_ns for one in lawful if one is not None)
        sampled = placing.trips.sampled(jobs[longest], trip)
        yield CommonHub(
            hub,
            trip.rtt_ns / 1e6,
            sampled.interval.low_ms,
            sampled.interval.high_ms,
            sampled.within_budget,
            None if rtt_ns is None else rtt_ns / 1e6,
            tuple(one.id for one in blocked),
            _why(placing, blocked[0], hub) if blocked else "",
        )


def _why(placing: Placing, job: Job, hub: str) -> str:
    found = placing.trips.blocked(job, hub)
    return f"{job.id}, {found.leg}: {found}"


def lifted_policies(placing: Placing, end: End) -> list[LiftedPolicy]:
    """Each change of law that saves something or opens a hub to all, the largest saving first."""
    ends: list[End] = [end]
    if placing.asked.objective in BY_EMISSIONS:
        ends = [end, "low", "high"]
    before = [placing.relaxed_mwh(law=True, end=one) for one in ends]
    shared = _shared(placing)
    found = []
    for kind, what, loaded in _changes(placing):
        try:
            after = Placing(loaded, placing.hubs, placing.asked, {one.id for one in placing.jobs})
            solved = [after.relaxed_mwh(law=True, end=one) for one in ends]
        except NoPlacement:
            continue  # a legal basis that closes what another one opens
        saves = [was - now for (_, was), (_, now) in zip(before, solved, strict=True)]
        opens = tuple(one for one in _shared(after) if one not in shared)
        if opens or max(saves) > LEAST_SAVED * before[0][1]:
            moves = moved(solved[0][0], before[0][0])
            bounds = min(saves), max(saves)
            found.append(LiftedPolicy(kind, what, saves[0], *bounds, moves, opens))
    return sorted(found, key=lambda one: (-one.saves, one.kind, one.what))


def _shared(placing: Placing) -> list[str]:
    """Hubs where all entries may run under law."""
    each = [set(placing.options(one, law=True)) for one in placing.loaded.file.jobs]
    return [placing.hubs[at].hub for at in sorted(set[int].intersection(*each))]


def _changes(placing: Placing) -> Iterator[tuple[str, str, LoadedJobs]]:
    """Policies that block a hub which is in reach without law, each lifted; other legal bases."""
    loaded, blocked = placing.loaded, _blocked(placing)
    grounds = (one for job, hub in blocked for one in placing.trips.blocking(job, hub))
    names = {one.policy for one in grounds if one.policy != DEFAULT_DENY}
    twins = {one.removesuffix("-OUT").removesuffix("-IN") for one in names}
    for twin in sorted(twins):
        both = sorted(names & {twin, f"{twin}-OUT", f"{twin}-IN"})
        yield "lift", " and ".join(both), replace(loaded, policies=_without(loaded.policies, both))
    known = {one.id: one for one in loaded.policies.classes}
    classes = {name for job, _ in blocked for name in (job.data, job.result_class)}
    for mine in sorted(classes & known.keys()):
        of = known[mine]
        for other in known.values():
            same = (other.origin, other.sensitivity) == (of.origin, of.sensitivity)
            if same and other.id != mine:
                jobs = tuple(_of_class(one, mine, other.id) for one in loaded.file.jobs)
                file = loaded.file.model_copy(update={"jobs": jobs})
                yield "basis", f"{mine} as {other.id}", replace(loaded, file=file)


def _blocked(placing: Placing) -> list[tuple[Job, str]]:
    """Entries, and hubs within reach that law closes to them."""
    return [
        (job, placing.hubs[at].hub)
        for job in placing.loaded.file.jobs
        for at in placing.options(job, law=False)
        if at not in placing.options(job, law=True)
    ]


def _without(policies: PolicySet, names: Sequence[str]) -> PolicySet:
    """Without policies that deny or restrict; a permit stays, without its conditions."""
    kept = [_lifted(one) if one.id in names else one for one in policies.policies]
    return policies.model_copy(update={"policies": tuple(one for one in kept if one is not None)})


def _lifted(policy: Policy) -> Policy | None:
    return policy.model_copy(update={"hard": Hard()}) if policy.effect == "permit" else None


def _of_class(job: Job, mine: str, other: str) -> Job:
    names = {"data": job.data, "returns": job.returns}
    changed = {key: other for key, name in names.items() if name == mine}
    return job.model_copy(update=changed)
