"""A proof that is carried over from earlier ones says what a proof from nothing says.

Each transition changes one thing that findings read. Each mutant makes a key forget one of them,
and some transition shows it.
"""

from collections import Counter
from copy import copy
from dataclasses import replace
from functools import cache
from itertools import pairwise
from types import SimpleNamespace

import pytest

from corridor.controller.forwarding.compiler import (
    build_forwarding_graphs,
    compile_forwarding_graphs,
)
from corridor.controller.forwarding.program import Meter, Table
from corridor.controller.forwarding.two_phase_plan import update
from corridor.controller.intent.intent import Protection
from corridor.controller.openflow import deployments
from corridor.controller.openflow.deployments import DesiredState
from corridor.controller.policy.semantics import NO_FAILURES, Failures
from corridor.controller.prover import findings, session, tables_of
from corridor.controller.prover.search import search
from corridor.controller.prover.search.core import Change, Core
from corridor.controller.prover.search.declared_demands import Demand
from corridor.controller.prover.search.lookup import Lookup, uses
from corridor.controller.prover.search.search import Exploration
from corridor.controller.prover.search.tables import AsIntended, Oddity, Settings, Tables
from corridor.controller.prover.session import Question, Session
from corridor.topologies.base.codec import from_plain, to_plain
from corridor.topologies.model.wiring import HOST_PORT
from mutants import MUTANTS
from prover_worlds import Mesh, NotHereError, atlas_world
from reconciler_lab import NO_SEA, policies, specification, wiring

CUT = Failures(links=frozenset({"kunming-karachi"}))
ALONE = Failures(links=frozenset({"shanghai-guian", "guian-kunming", "shanghai-bangkok"}))


class ContradictedError(Exception):
    """A whole proof says other than the carried one."""


def contradicted(said):
    raise ContradictedError(said)


def of(net: Mesh) -> Question:
    return Question(net.tables, net.wiring, net.topology, net.intents, net.program)


def assert_carried(before: Question, after: Question) -> None:
    """Raises ContradictedError where a carried proof does not say what a whole one says."""
    told = Session(contradicted)
    assert told.prove_whole(before).holds
    assert_goes_on(told, after)


def assert_goes_on(told: Session, after: Question) -> None:
    carried = told.prove(after)
    if not carried.holds:
        return  # this is the whole proof, which did not contradict the carried one
    whole = Session().prove_whole(after)
    if carried.verdicts != whole.verdicts or carried.witnesses != whole.witnesses:
        raise ContradictedError
    assert replace(carried.counts, ms=0) == replace(whole.counts, ms=0)


def spoilt(question: Question, held, *, intended=False) -> Question:
    """With other tables; where they are ``intended``, nothing is missed or foreign."""
    meant = replace(question.intended, switches=tuple(held.tables.switches.values()))
    return replace(question, tables=held.tables, intended=meant if intended else question.intended)


def with_switch(question: Question, switch) -> Question:
    switches = {**question.tables.switches, switch.hub: switch}
    return replace(question, tables=replace(question.tables, switches=switches))


def meant(question: Question) -> Question:
    switches = tuple(question.tables.switches.values())
    return replace(question, intended=replace(question.intended, switches=switches))


@cache
def lab(failures=NO_FAILURES, *more):
    known = DesiredState(specification(), failures)
    if more:
        ruled = known.specification.model_copy(update={"policies": policies(NO_SEA)})
        known = replace(known, specification=ruled)
    return deployments.stand(known, wiring(), 0)


def a_group(question: Question, *, at_host: bool = False):
    """A switch, and a group of it that only packets of its host meet, or only others."""
    for switch in question.tables.switches.values():
        for group in switch.groups:
            using = {
                dict(flow.match).get("in_port") == HOST_PORT
                for flow in switch.flows
                if group.id in uses(flow.actions, "group")
            }
            if using == {at_host}:
                return switch, group
    raise AssertionError


def with_group(question: Question, switch, group, buckets) -> Question:
    changed = replace(group, buckets=buckets)
    groups = tuple(changed if one is group else one for one in switch.groups)
    return meant(with_switch(question, replace(switch, groups=groups)))


# One transition for each thing that findings read.


def updated():
    """To what the next version makes of it, and back."""
    old, new = lab(), deployments.following(lab(), lab(CUT).known, wiring())
    step = deployments.step_between(old, new)
    return deployments.asked_of(old, wiring()), deployments.asked_flipped(old, step, new, wiring())


def ruled_otherwise():
    question = deployments.asked_of(lab(), wiring())
    return question, replace(question, intents=lab(NO_FAILURES, "sea").intents)


def other_packets():
    """Packets of one demand are to be marked otherwise."""
    question = deployments.asked_of(lab(), wiring())
    first, *others = question.intents
    return question, replace(question, intents=(replace(first, dscp=46), *others))


def protected_more():
    net = atlas_world(0)
    question = of(net)
    more = tuple(replace(one, protection=Protection(2)) for one in question.intents)
    return question, replace(question, intents=more)


def other_failures():
    """Entries drop what has no path while much has failed; then nothing has failed."""
    question = deployments.asked_of(lab(ALONE), wiring())
    return question, replace(question, failures=NO_FAILURES)


def no_longer_resting():
    _, flipped = updated()
    return flipped, replace(flipped, resting=frozenset())


def meant_otherwise():
    question = deployments.asked_of(lab(), wiring())
    first, *others = question.intended.switches
    fewer = replace(first, flows=first.flows[1:])
    return question, replace(
        question, intended=replace(question.intended, switches=(fewer, *others))
    )


def set_up_otherwise():
    question = deployments.asked_of(lab(), wiring())
    hub = next(iter(question.tables.switches))
    settings = {hub: Settings(fail_mode="standalone")}
    return question, replace(question, tables=replace(question.tables, settings=settings))


def odd():
    question = deployments.asked_of(lab(), wiring())
    oddities = (Oddity("guian", "an entry is not whole"),)
    return question, replace(question, tables=replace(question.tables, oddities=oddities))


def wired_otherwise():
    """The cables of one hub are exchanged."""
    question = deployments.asked_of(lab(), wiring())
    one, other = question.wiring.fibres[:2]
    fibres = (replace(one, a=other.a), replace(other, a=one.a), *question.wiring.fibres[2:])
    return question, replace(question, wiring=replace(question.wiring, fibres=fibres))


def a_detour_lost():
    """An entry that only packets of a detour meet is gone, and so it was meant."""
    question = deployments.asked_of(lab(), wiring())
    return question, meant(with_switch(question, _without_detour(question)))


def _without_detour(question):
    labels = {use.label for use in lab().program.labels[1:] if use.demand == "ckpt"}
    for switch in question.tables.switches.values():
        for flow in switch.flows:
            if flow.table == Table.SWITCH and dict(flow.match).get("mpls_label") in labels:
                fewer = replace(switch, flows=tuple(one for one in switch.flows if one is not flow))
                proof = Session().prove_whole(meant(with_switch(question, fewer)))
                if [one.claim for one in proof.violated] == ["C9"]:
                    return fewer
    raise AssertionError


def buckets_swapped():
    question = deployments.asked_of(lab(), wiring())
    switch, group = a_group(question)
    return question, with_group(question, switch, group, group.buckets[::-1])


def a_bucket_at_the_host_watches_another_port():
    return a_bucket_watches_another_port(at_host=True)


def a_bucket_watches_another_port(*, at_host=False):
    question = deployments.asked_of(lab(), wiring())
    switch, group = a_group(question, at_host=at_host)
    first, second, *others = group.buckets
    buckets = (replace(first, watch_port=second.watch_port), second, *others)
    return question, with_group(question, switch, group, buckets)


def a_group_gone():
    question = deployments.asked_of(lab(), wiring())
    switch, group = a_group(question)
    groups = tuple(one for one in switch.groups if one is not group)
    return question, meant(with_switch(question, replace(switch, groups=groups)))


def edges_exchanged():
    """Two demands of one hub are given each other's labels, and so it was meant."""
    question = deployments.asked_of(lab(), wiring())
    for switch in question.tables.switches.values():
        edges = [one for one in switch.flows if one.table == Table.LABEL and one.match]
        if len(edges) > 1:
            one, other, *_ = edges
            swapped = {
                id(one): replace(one, actions=other.actions),
                id(other): replace(other, actions=one.actions),
            }
            flows = tuple(swapped.get(id(flow), flow) for flow in switch.flows)
            return question, meant(with_switch(question, replace(switch, flows=flows)))
    raise AssertionError


def a_meter_gone():
    """The meter of an entry is gone, though entries are the same."""
    question = deployments.asked_of(lab(), wiring())
    switch = next(iter(question.tables.switches.values()))
    edge = next(one for one in switch.flows if one.table == Table.LABEL and one.match)
    flows = tuple(replace(one, meter=7) if one is edge else one for one in switch.flows)
    metered = replace(switch, flows=flows, meters=(Meter(7, 1000, 100),))
    return (
        meant(with_switch(question, metered)),
        meant(with_switch(question, replace(metered, meters=()))),
    )


def a_label_let_in():
    """A core entry matches a label that no packets have there."""
    question = deployments.asked_of(lab(), wiring())
    switch = next(
        one
        for one in question.tables.switches.values()
        if any(flow.table == Table.SWITCH and flow.match for flow in one.flows)
    )
    flow = next(one for one in switch.flows if one.table == Table.SWITCH and one.match)
    strange = replace(
        flow,
        match=tuple((name, 99 if name == "mpls_label" else value) for name, value in flow.match),
    )
    more = replace(switch, flows=(*switch.flows, strange))
    return question, meant(with_switch(question, more))


def a_group_said_twice():
    question = deployments.asked_of(lab(), wiring())
    switch, group = a_group(question)
    return question, with_switch(question, replace(switch, groups=(*switch.groups, group)))


def an_entry_said_twice():
    """One entry is listed twice and the order differs, so that no entry is in one report only."""
    question = deployments.asked_of(lab(), wiring())
    switch, _ = a_group(question)
    *most, one, two, three = switch.flows
    return question, with_switch(question, replace(switch, flows=(*most, two, one, three, two)))


TRANSITIONS = {
    one.__name__: one
    for one in (
        updated,
        ruled_otherwise,
        other_packets,
        protected_more,
        other_failures,
        no_longer_resting,
        meant_otherwise,
        set_up_otherwise,
        odd,
        wired_otherwise,
        a_detour_lost,
        buckets_swapped,
        a_bucket_watches_another_port,
        a_bucket_at_the_host_watches_another_port,
        a_group_gone,
        edges_exchanged,
        a_meter_gone,
        a_label_let_in,
        a_group_said_twice,
        an_entry_said_twice,
    )
}


@cache
def transition(name):
    return TRANSITIONS[name]()


@cache
def proven(name):
    return Session().prove_whole(transition(name)[1])


@pytest.mark.parametrize("name", TRANSITIONS)
def test_a_carried_proof_says_what_a_whole_one_says(name):
    assert_carried(*transition(name))


def test_a_change_counts_how_often_a_switch_says_something_and_in_which_order():
    switch, group = a_group(deployments.asked_of(lab(), wiring()))
    others = tuple(one for one in switch.groups if one is not group)
    swapped = replace(group, buckets=group.buckets[::-1])
    one, two = (
        replace(switch, groups=(*others, *pair)) for pair in ((group, swapped), (swapped, group))
    )
    assert Change.between(one, two).groups == {group.id}
    assert Change.between(switch, replace(switch, groups=(*others, group, group))).groups == {
        group.id
    }
    assert not Change.between(switch, replace(switch, groups=(group, *others)))
    first, second, *more = switch.flows
    assert not Change.between(switch, replace(switch, flows=(second, first, *more)))
    twice = replace(switch, flows=(second, first, *more, first))
    assert Change.between(switch, twice).added.count(first) == 2
    equal = replace(first)
    assert equal is not first
    assert Change.between(switch, replace(switch, flows=(equal, second, *more, equal)))


def test_of_an_entry_that_stands_twice_one_may_go():
    switch, _ = a_group(deployments.asked_of(lab(), wiring()))
    first, *others = switch.flows
    twice, once = (
        replace(switch, flows=(first, *others, first)),
        replace(switch, flows=(*others, first)),
    )
    for before, after in ((twice, once), (twice, replace(switch, flows=tuple(others)))):
        change = Change.between(before, after)
        known = Lookup(before).changed(change.after, change.removed, change.added)
        met = Counter(id(rule.flow) for rule in known.every())
        assert met == Counter(map(id, after.flows))


def test_entries_that_overlap_after_a_change_are_those_found_from_nothing():
    switch, _ = a_group(deployments.asked_of(lab(), wiring()))
    first = next(one for one in switch.flows if one.table == Table.SWITCH and one.match)
    twin, wide = replace(first, cookie=1), replace(first, match=first.match[:1], cookie=2)
    added = ((), (twin,), (twin, wide), (wide,), (wide, twin), ())
    states = [replace(switch, flows=(*switch.flows, *more)) for more in added]
    known = Lookup(switch)
    assert not known.overlaps
    for before, after in pairwise(states):
        change = Change.between(before, after)
        known = known.changed(change.after, change.removed, change.added)
        assert as_sets(known.overlaps) == as_sets(Lookup(after).overlaps)
        assert bool(known.overlaps) == (len(after.flows) > len(switch.flows))


def as_sets(pairs):
    return Counter(frozenset(pair) for pair in pairs)


def test_what_is_read_back_equal_is_the_intended_object():
    """Entries, groups, and a whole switch; what differs stays as it was read."""
    intended = lab().program
    reading, others = AsIntended(), {one.hub: one for one in intended.switches}
    said = {hub: read_again(one) for hub, one in others.items()}
    assert said["guian"] == others["guian"]
    for _ in range(2):
        read = reading.of(Tables(said), intended)
        assert all(read.switches[hub] is others[hub] for hub in others)
    first, *more = said["guian"].flows
    spoilt = replace(first, priority=first.priority + 1)
    for flows in ((spoilt, *more), tuple(more), (first, *more, spoilt), (first, first, *more)):
        held = replace(said["guian"], flows=flows)
        read = reading.of(Tables({"guian": held}), intended).switches["guian"]
        assert read == held
        assert {*map(id, read.flows)} - {id(spoilt)} <= {*map(id, others["guian"].flows)}
    held = replace(said["guian"], groups=said["guian"].groups[:-1])
    assert reading.of(Tables({"guian": held}), intended).switches["guian"] == held
    (other,) = (one for one in lab(CUT).program.switches if one.hub == "guian")
    assert reading.of(Tables({"guian": read_again(other)}), intended).switches["guian"] == other


def read_again(switch):
    """The same with other objects."""
    return from_plain(type(switch), to_plain(switch))


def test_what_comes_back_holds_again():
    """There, back, and there: each proof is carried over from what was found before."""
    old, new = lab(), deployments.following(lab(), lab(CUT).known, wiring())
    there, back = deployments.step_between(old, new), deployments.step_between(new, old)
    told = Session(contradicted)
    assert told.prove_whole(deployments.asked_of(old, wiring())).holds
    for _ in range(2):
        for one, other, step in ((old, new, there), (new, old, back)):
            for question in (
                deployments.asked_flipped(one, step, other, wiring()),
                deployments.asked_beside(one, step, other, wiring()),
            ):
                switches = {
                    hub: from_plain(type(held), to_plain(held))
                    for hub, held in question.tables.switches.items()
                }
                question = replace(question, tables=replace(question.tables, switches=switches))
                proof = told.prove(question)
                assert proof.verdicts == Session().prove_whole(question).verdicts
                assert proof.holds


def test_paths_of_every_kept_proof_are_used_again(monkeypatch):
    """The old version next to the new one: its paths were found before the new one came."""
    old, new = lab(), deployments.following(lab(), lab(CUT).known, wiring())
    step, told = deployments.step_between(old, new), Session(contradicted)
    assert told.prove_whole(deployments.asked_of(old, wiring())).holds
    assert told.prove(deployments.asked_flipped(old, step, new, wiring())).holds
    followed = []
    real = Exploration.of.__func__
    made = classmethod(lambda kind, *read: followed.append(read) or real(kind, *read))
    monkeypatch.setattr(Exploration, "of", made)
    assert told.prove(deployments.asked_beside(old, step, new, wiring())).holds
    assert not followed


def _a_longer_fibre(question):
    first, *others = question.topology.fibres
    longer = first.model_copy(update={"length_km": first.length_km + 1})
    topology = question.topology.model_copy(update={"fibres": (longer, *others)})
    return replace(question, topology=topology)


def _fibres_in_another_order(question):
    fibres = question.wiring.fibres[::-1]
    return replace(question, wiring=replace(question.wiring, fibres=fibres))


@pytest.mark.parametrize("other", [_a_longer_fibre, _fibres_in_another_order])
def test_what_was_searched_in_one_network_does_not_count_in_another(other, monkeypatch):
    searched = []
    real = session.judged
    monkeypatch.setattr(
        session, "judged", lambda explorer, one: searched.append(one.id) or real(explorer, one)
    )
    question, told = deployments.asked_of(lab(), wiring()), Session()
    assert told.prove_whole(question).holds
    searched.clear()
    alike = question.topology.model_copy(deep=True)
    assert told.prove(replace(question, topology=alike)).holds
    assert not searched, "the network is equal"
    assert told.prove(other(question)).holds
    assert {*searched} == {one.id for one in question.intents}


# Keys that forget one thing.


def _forgets(kind, name, value):
    return lambda patch: patch.setattr(kind, name, value)


def _key_without(key, field, value=None):
    real = getattr(session, key)

    def made(*read):
        return real(*read)._replace(**{field: value})

    return _forgets(session, key, made)


def _journeys_without(field):
    """Directions are searched each time, by what switches decided before."""
    shorter = _key_without("Read", field)

    def patched(patch):
        shorter(patch)
        patch.setattr(session, "ExactKey", lambda *_read: SimpleNamespace(read=object()))

    return patched


def _permits(demand):
    return demand.permits if demand else None


def _after_without_intents(patch):
    real = findings.Findings.after
    patch.setattr(
        findings.Findings, "after", lambda *one, **more: real(*one, **{**more, "intents": None})
    )


def _after_without(what):
    real = findings.Findings.after

    def after(found, tables, **more):
        return real(found, tables, **{**more, what: getattr(found.core.network, what)})

    return _forgets(findings.Findings, "after", after)


def _changed_without(what, value):
    real = Change.between.__func__

    def between(kind, before, after):
        return replace(real(kind, before, after), **{what: value})

    return _forgets(Change, "between", classmethod(between))


KEYS = {
    "exact: failures": _key_without("ExactKey", "known"),
    "exact: intent": _key_without("Read", "intent"),
    "exact: steps": _key_without("Read", "steps"),
    "exact: groups": _key_without("Read", "groups"),
    "journeys: intent": _journeys_without("intent"),
    "journeys: steps": _journeys_without("steps"),
    "journeys: groups": _journeys_without("groups"),
    "session: wiring": _forgets(
        session, "_is_alike", lambda before, asked: before.intents == asked.intents
    ),
    "session: packets": _forgets(session, "_of_same_packets", lambda _one, _other: True),
    "findings: resting": _after_without("resting"),
    "findings: failures": _after_without("failures"),
    "findings: intended": _after_without("intended"),
    "change: removed": _changed_without("removed", ()),
    "change: groups": _changed_without("groups", frozenset()),
    "change: meters": _changed_without("meters", False),
    "change: entries that use groups": _forgets(Change, "using_groups", ()),
    "change: the host's port": _forgets(Change, "is_met_by_host", lambda *_: False),
    "change: places": _forgets(Change, "places", lambda *_: []),
    "paths: places": _forgets(Core, "has_same", lambda *_: True),
    "paths: the host's port": _forgets(
        Exploration, "starts_alike", lambda seen, one, _: _permits(one) is _permits(seen.demand)
    ),
    "paths: permits": _forgets(
        Exploration, "starts_alike", lambda seen, _demand, door: seen.door == door
    ),
    "findings: intents": _after_without_intents,
    "paths: groups at the host's port": _forgets(search, "_groups", lambda *_: {}),
    "core: entries met": _forgets(Core, "meets", lambda *_: False),
    "doors: labels asked again": _forgets(
        findings.Findings, "_asked_again", lambda found, *_: set(found.unsent)
    ),
    "demands: failures": _forgets(Demand, "without", lambda demand, _failures: demand),
    "switches: what was intended": _forgets(findings, "_is_intended_alike", lambda *_: True),
}


SHOWN_BY = {
    "other_failures": ["exact: failures", "findings: failures", "demands: failures"],
    "ruled_otherwise": ["exact: intent", "journeys: intent", "paths: permits", "findings: intents"],
    "a_detour_lost": ["exact: steps", "journeys: steps", "change: places", "paths: places"],
    "a_bucket_watches_another_port": [
        "exact: groups",
        "journeys: groups",
        "paths: groups at the host's port",
    ],
    "wired_otherwise": ["session: wiring"],
    "other_packets": ["session: packets"],
    "updated": [
        "findings: resting",
        "findings: intended",
        "change: removed",
        "change: the host's port",
        "paths: the host's port",
    ],
    "buckets_swapped": ["change: groups", "change: entries that use groups", "core: entries met"],
    "a_meter_gone": ["change: meters"],
    "no_longer_resting": ["doors: labels asked again"],
    "meant_otherwise": ["switches: what was intended"],
}
"""The transition whose carried proof goes wrong by each key that forgets something."""


@pytest.mark.parametrize(
    ("name", "forgotten"), [(name, one) for name, keys in SHOWN_BY.items() for one in keys]
)
def test_a_key_that_forgets_something_is_noticed(name, forgotten, monkeypatch):
    (before, after), whole = transition(name), proven(name)
    KEYS[forgotten](monkeypatch)
    told = Session(contradicted)
    assert told.prove_whole(before).holds
    try:
        assert told.prove(after).verdicts != whole.verdicts
    except (ContradictedError, KeyError, ValueError):
        return


def test_each_key_is_shown_by_a_transition():
    assert sorted(KEYS) == sorted(one for keys in SHOWN_BY.values() for one in keys)


# Changed tables, of one version and of two.


@cache
def _proven_atlas():
    told = Session(contradicted)
    assert told.prove_whole(of(atlas_world(1))).holds
    return told


def proven_atlas() -> Session:
    """A session that has proven the atlas, as if for the first time."""
    told = copy(_proven_atlas())
    told._found, told._searched = copy(told._found), copy(told._searched)
    told._journeys = {}
    return told


@cache
def two_versions():
    """The tables of an update of the atlas, and the labels that rest in them."""
    net = atlas_world(1)
    cut = Failures(links=frozenset({net.topology.fibres[0].id}))
    graphs = build_forwarding_graphs(net.topology, net.intents, cut)
    new = compile_forwarding_graphs(net.wiring, net.topology, graphs, epoch=1).program
    return update(net.program, new).beside, frozenset(use.label for use in new.labels)


@pytest.mark.parametrize("name", MUTANTS)
def test_spoilt_tables_are_proven_alike(name):
    net = atlas_world(1)
    question = of(net)
    try:
        held = MUTANTS[name][1](net)
    except NotHereError:
        pytest.skip("not here")
    assert_goes_on(proven_atlas(), replace(spoilt(question, held), intents=held.intents))


@pytest.mark.parametrize("name", MUTANTS)
def test_spoilt_tables_of_two_versions_are_proven_alike(name):
    """As installed during an update, by the old version: the tables that were read are changed."""
    net = atlas_world(1)
    both, resting = two_versions()
    try:
        held = MUTANTS[name][1](Mesh(net.topology, net.wiring, net.intents, both))
    except NotHereError:
        pytest.skip("not here")
    question = replace(of(net), tables=tables_of(both), intended=both, resting=resting)
    assert_goes_on(proven_atlas(), replace(spoilt(question, held), intents=held.intents))


def test_every_so_many_proofs_are_checked_by_a_whole_one(monkeypatch):
    monkeypatch.setattr(session, "WHOLE_EVERY", 3)
    question, told = deployments.asked_of(lab(), wiring()), Session(contradicted)
    whole = []
    real = Session.prove_whole
    monkeypatch.setattr(
        Session, "prove_whole", lambda one, asked: whole.append(asked) or real(one, asked)
    )
    for _ in range(9):
        assert told.prove(question).holds
    assert len(whole) == 2


def test_a_carried_proof_that_is_wrong_is_reported_and_the_whole_one_counts(monkeypatch):
    monkeypatch.setattr(session, "WHOLE_EVERY", 0)
    question, after = transition("other_failures")
    said = []
    told = Session(said.append)
    assert told.prove_whole(question).holds
    monkeypatch.setattr(Demand, "without", lambda demand, _failures: demand)
    real = session.ExactKey
    monkeypatch.setattr(session, "ExactKey", lambda _known, read: real(NO_FAILURES, read))
    proof = told.prove(after)
    assert not proof.holds
    assert said, "the difference is reported"
    assert "C16" in said[0]
