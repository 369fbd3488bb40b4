"""A kind of event is whole: YAML, plan, doing and undoing, schema, documentation.

Each test holds for every kind that is registered, so a new one need not be written here; a fault
is looked at in both places in which it may be written.
"""

import json
import re
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import pytest

from corridor.experiments import scenario as timeline
from corridor.experiments.lab.event_driver import EventDriver
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.plan.values import Change
from corridor.experiments.scenario.event_registry import ACTIONS, KINDS
from corridor.experiments.scenario.kinds import Event, Fault, TimedEvent, TimedFault
from corridor.topologies import model as faults
from corridor.topologies.base.codec import from_plain, to_plain
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model import fault_kind, fault_registry
from corridor.topologies.model.fault_kind import EventKind, interfaces_of
from corridor.topologies.model.wiring import ALL_PPM, wire
from kinds_lab import HEAD, fits_the_schema, loaded, named_in, read_again
from remembering_network import Captures, Controller, Gateways, Net, Transfers

FIRST_LINE = HEAD.count("\n") + 1
BFD = "network: {bfd: 15ms}\n"
DOMAINS = "controller: {domains: operators}\n"
PROBES = "probe: {interval: 20ms, count: 300}\n"
VALUES = {"flag": "true", "name": "kunming"}
"""By unit, what an option that has an event made otherwise may have in the example of its kind."""
START_NS = 1_000_000_000


class Form(NamedTuple):
    """A kind, and the list in which it is written."""

    place: str
    kind: object

    @property
    def model(self):
        return Fault if self.place == "faults" else Event

    @property
    def lasts(self):
        """Whether its end is given, as other things end."""
        sends = self.kind.of in ("demand", "workload")
        return self.kind.steps is None and (bool(self.kind.end) or sends)

    def scenario(self, folder, *texts):
        return loaded(folder, self.text(*texts))

    def text(self, *texts):
        more = DOMAINS if self.kind.of == "domain" else ""
        return f"{BFD}{self.place}:\n  - {'\n  - '.join(texts)}\n{PROBES}{more}"

    def read(self, folder, text):
        scenario = self.scenario(folder, text).scenario
        (one,) = getattr(scenario, self.place)
        return one


FORMS = [
    *(Form("faults", kind) for kind in fault_registry.KINDS.values()),
    *(Form("timeline", kind) for kind in KINDS.values()),
]
every_form = pytest.mark.parametrize("form", FORMS, ids=[f"{f.place}-{f.kind.key}" for f in FORMS])
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))


def variants(kind):
    """The example of a kind, and the same with each option that has it made otherwise."""
    given = {name: VALUES[kind.options[name].unit] for name in kind.instead}
    return [kind.example, *(f"{kind.example[:-1]}, {name}: {v}}}" for name, v in given.items())]


def without_end(text):
    return re.sub(r", (until|for): [^,}]+", "", text)


def at(text, times):
    """The same at other times."""
    return re.sub(r"at: \w+(, (until|for): [^,}]+)?", times, text)


def planned(scenario):
    """A plan as a guest reads it, with the changes of events and without those of BFD."""
    plan = make_plan(scenario, clock="virtual", run_id="c0", seed=1)
    read = from_plain(type(plan), json.loads(json.dumps(to_plain(plan))))
    assert {one.do for one in read.changes if not one.event} <= fault_kind.ACTIONS.keys()
    return replace(read, changes=tuple(one for one in read.changes if one.event))


def test_every_file_of_a_kind_is_in_a_registry():
    of_faults = named_in(faults, EventKind)
    assert of_faults == dict(fault_registry.KINDS)
    assert of_faults | named_in(timeline, EventKind) == dict(KINDS)


def test_no_two_kinds_share_an_action_or_mean_two_things_by_one_key():
    actions = [name for kind in KINDS.values() for name in kind.actions]
    assert len(set(actions)) == len(actions)
    keys = {*KINDS, *TimedFault.model_fields, *TimedEvent.model_fields, "for"}
    meanings = {}
    for kind in KINDS.values():
        assert not kind.options.keys() & keys
        for name, option in kind.options.items():
            assert meanings.setdefault(name, option) == option


@every_kind
def test_every_action_of_a_kind_makes_its_event_or_ends_it(kind, tmp_path):
    event = Form("timeline", kind).read(tmp_path, kind.example)
    steps = [do for _, do in kind.steps(event.options)] if kind.steps else []
    assert {kind.begin, *kind.instead.values(), kind.end, *steps} - {""} == kind.actions.keys()
    assert kind.instead.keys() | kind.only_bfd_notices | kind.bfd_notices <= kind.options.keys()
    assert kind.keeps <= kind.instead.keys()
    assert bool(kind.names) == (kind.of == "process")
    assert kind.actions.items() <= ACTIONS.items()


@every_form
def test_an_event_is_read_as_its_example_says_and_written_so_that_it_reads_the_same(form, tmp_path):
    for text in variants(form.kind):
        one = form.read(tmp_path, text)
        assert one.kind is form.kind
        assert one.what
        assert (without_end(text) != text) == form.lasts
        assert read_again(form.model, one) == one
        fits_the_schema(form.text(text))


@every_form
def test_an_event_of_what_is_not_there_is_refused_at_its_line(form, tmp_path):
    kind, noun = form.kind, form.place.removesuffix("s").replace("timeline", "event")
    says = {"file": "no policy set", "day": '"atlantis" is not a date'}.get(kind.of)
    text = re.sub(rf"{kind.key}: [^,}}]+", f"{kind.key}: atlantis", kind.example)
    with pytest.raises(InputError, match=says or f'{noun} of unknown {kind.of} "atl') as caught:
        form.scenario(tmp_path, text)
    assert caught.value.line == FIRST_LINE + 2


@every_form
def test_an_event_is_refused_without_what_it_requires_or_with_what_others_take(form, tmp_path):
    kind = form.kind
    everybodys = {name: one for other in KINDS.values() for name, one in other.options.items()}
    foreign = [name for name in everybodys.keys() - kind.options if everybodys[name].unit == "flag"]
    wrong = [f"{kind.example[:-1]}, {name}: true}}" for name in foreign]
    required = [name for name, option in kind.options.items() if option.required]
    wrong += [re.sub(rf", {name}: [^,}}]+", "", kind.example) for name in required]
    wrong.append(f"{kind.example[:-1]}, colour: red}}")
    for text in wrong:
        with pytest.raises(InputError) as caught:
            form.scenario(tmp_path, text)
        assert caught.value.line == FIRST_LINE + 2


@every_form
def test_an_end_is_refused_where_there_is_none_or_it_is_known(form, tmp_path):
    if form.lasts:
        return
    for end in ("until: 3s", "for: 1s") if form.place == "timeline" else ("until: 3s",):
        with pytest.raises(InputError, match=r"has its own end|happens at once") as caught:
            form.scenario(tmp_path, f"{form.kind.example[:-1]}, {end}}}")
        assert caught.value.line == FIRST_LINE + 2


@every_form
def test_what_must_end_is_given_an_end_and_what_fails_may_last(form, tmp_path):
    text = without_end(form.kind.example)
    if form.kind.must_end:
        with pytest.raises(InputError, match=f"{form.kind.key} lasts: give until or for"):
            form.scenario(tmp_path, text)
    elif form.lasts:
        changes = planned(form.scenario(tmp_path, text)).changes
        assert [one.do for one in changes] == [form.kind.begin] * bool(form.kind.begin)


@every_kind
def test_what_only_bfd_notices_is_refused_without_it(kind, tmp_path):
    for text in variants(kind)[1:]:
        if any(f", {flag}: " in text for flag in kind.only_bfd_notices):
            with pytest.raises(InputError, match="would not be detected") as caught:
                loaded(tmp_path, f"timeline:\n  - {text}\n")
            assert caught.value.line == FIRST_LINE + 1


@every_kind
def test_what_is_asked_of_the_controller_is_refused_where_it_does_not_follow(kind, tmp_path):
    domains = ", domains: operators" if kind.of == "domain" else ""
    text = f"{BFD}controller: {{follow: false{domains}}}\ntimeline:\n  - {kind.example}\n"
    if not kind.asks_controller:
        assert loaded(tmp_path, text).events
        return
    with pytest.raises(InputError, match="has no effect on a controller that does not") as caught:
        loaded(tmp_path, text)
    assert caught.value.line == FIRST_LINE + 3


@every_form
def test_a_plan_makes_and_ends_an_event_and_a_guest_reads_it_as_it_was_planned(form, tmp_path):
    kind = form.kind
    for text in variants(kind):
        scenario = form.scenario(tmp_path, text)
        plan, (named,) = planned(scenario), scenario.events
        (event,) = plan.events
        assert (event.id, event.kind, event.what) == (named.id, kind.key, named.what)
        assert {one.event for one in plan.changes} <= {named.id}
        begins_ns = plan.start_ns + named.begins.offset_ns
        done = [(one.at_ns - begins_ns, one.do, one.what) for one in plan.changes]
        if kind.steps is not None:
            assert done == [(*step, named.what) for step in kind.steps(named.options)]
            continue
        begin = kind.begins_by(named.options)
        lasts_ns = named.lasts_ns or (named.ends and named.ends.offset_ns - named.begins.offset_ns)
        wanted = [(0, begin)] if begin else []
        wanted += [(lasts_ns, kind.end)] if kind.end else []
        assert done == [(*one, named.what) for one in wanted]
        if begin:
            kept = plan.changes[0].options
            assert {**kept, **kind.kept(named.options)} == kept
            assert kept.keys() - kind.options.keys() <= {"fibres", "set"}
            assert all(not one.options for one in plan.changes[1:])


@every_form
@pytest.mark.parametrize("times", ["at: 1s", "at: 2s, until: 4s", "at: 0s, until: 2s"])
def test_two_events_of_a_kind_of_one_thing_at_a_time_are_refused(form, times, tmp_path):
    if not (form.lasts and form.kind.end) or (form.kind.must_end and "until" not in times):
        return
    texts = (at(form.kind.example, when) for when in ("at: 1s, until: 3s", times))
    with pytest.raises(InputError, match=f"another {form.kind.key} of .* lasts when") as caught:
        form.scenario(tmp_path, *texts)
    assert caught.value.line in (FIRST_LINE + 2, FIRST_LINE + 3)


@every_form
def test_an_event_may_begin_when_another_of_its_kind_ends_whichever_is_written_first(
    form, tmp_path
):
    if form.kind.of in ("demand", "workload"):
        return
    spans = ("2s, until: 3s", "1s, until: 2s") if form.lasts else ("2s", "1s")
    texts = (at(form.kind.example, f"at: {span}") for span in spans)
    done = [one.do for one in planned(form.scenario(tmp_path, *texts)).changes]
    assert len(done) % 2 == 0
    assert done[: len(done) // 2] == done[len(done) // 2 :]


class Lab:
    """The remembering network, with who carries out what is planned for it."""

    def __init__(self, topology):
        self.net, self.gateways = Net(wire(topology)), Gateways()
        self.controller, self.transfers, self.captures = Controller(), Transfers(), Captures()
        beside = (self.controller, self.transfers, self.captures)
        self.driver = EventDriver(self.net, self.gateways, 15, *beside)

    def state(self):
        """All that an event can change, but what it only asks the controller to hold to."""
        net, controller = self.net, self.controller
        return {
            "down": set(net.kernel.down),
            "shapes": dict(net.kernel.shapes),
            "switches": dict(net.openvswitch.controllers),
            "restarts": net.openvswitch.restarts,
            "gateways": set(self.gateways.dead),
            "controller": (controller.alive, controller.day, controller.policies),
            "domains": dict(controller.ordered),
            "drained": set(controller.drained),
            "transfers": list(self.transfers.begun),
            "captures": set(self.captures.open),
        }

    def carry_out(self, change):
        """Done, and answered if it was asked for."""
        (event,) = self.driver.timed_events([change], START_NS)
        event.do()
        for thread in self.driver._waiting:
            thread.join()
        self.driver.faults.verify()
        assert self.net.openvswitch.ports_are_there
        assert (self.driver.done[-1].answer or {"ok": True})["ok"]

    def taken(self):
        """Fibres, hubs, gateways that are gone, and fibres that are drained, as they are now."""
        kernel = self.net.kernel
        lost = {name for name, shape in kernel.shapes.items() if shape.loss_ppm == ALL_PPM}
        gone, wiring = lost | kernel.down, self.net.wiring
        hubs = {hub.hub for hub in wiring.hubs if hub.switch_interface in gone}
        ends = [(one.fibre, end) for one in wiring.fibres for end in (one.a, one.z)]
        fibres = {fibre for fibre, end in ends if end.interface in gone and end.hub not in hubs}
        at_dark_hubs = {fibre for fibre, end in ends if end.hub in hubs}
        return fibres - at_dark_hubs, hubs, self.gateways.dead, self.controller.drained


@every_kind
def test_what_an_event_does_to_a_network_its_end_undoes(kind, tmp_path):
    for text in variants(kind):
        scenario = Form("timeline", kind).scenario(tmp_path, text)
        lab, changes = Lab(scenario.topology), planned(scenario).changes
        states = [lab.state()]
        for change in changes:
            lab.carry_out(change)
            states.append(lab.state())
        assert all(one != other for one, other in pairwise(states))
        if kind.end:
            assert states[-1] == states[0]
        assert [one.do for one in lab.driver.done] == [change.do for change in changes]


@every_kind
def test_what_is_said_to_be_out_of_reach_is_what_is_gone(kind, tmp_path):
    for text in variants(kind):
        scenario = Form("timeline", kind).scenario(tmp_path, text)
        lab, changes = Lab(scenario.topology), planned(scenario).changes
        (event,) = scenario.events
        reach = kind.reach(scenario.topology, event.what, event.options)
        if changes:
            lab.carry_out(changes[0])
        assert lab.taken() == (reach.fibres, reach.hubs, reach.gateways, reach.drained)


@every_kind
def test_what_asks_the_controller_says_so(kind, tmp_path):
    scenario = Form("timeline", kind).scenario(tmp_path, kind.example)
    lab, changes = Lab(scenario.topology), planned(scenario).changes
    before = lab.state()
    for change in changes[:1]:
        lab.carry_out(change)
    after = lab.state()
    asked = any(before[part] != after[part] for part in ("controller", "domains", "drained"))
    assert asked == kind.asks_controller


def test_a_restart_leaves_faults_that_last_as_they_are():
    lab = Lab(load_topology("mini"))
    for change in (
        Change(1, "degrade", "guian-kunming", {"rate": 0.5, "delay": None, "loss": None}),
        Change(2, "restart-switches", "switches"),
    ):
        lab.carry_out(change)
    declared, held = lab.net.kernel.declared, lab.net.kernel.shapes
    changed = {name for name in declared if held[name] != declared[name]}
    assert changed == interfaces_of(lab.net.wiring, "guian-kunming")


def test_a_silent_cut_and_one_of_one_direction_are_made_otherwise(tmp_path):
    kind = KINDS["cut"]
    plans = [planned(Form("faults", kind).scenario(tmp_path, text)) for text in variants(kind)]
    begins = [plan.changes[0] for plan in plans]
    assert {one.do: one.options for one in begins} == {
        "cut": {},
        "cut-one-way": {"toward": "kunming"},
        "silence": {},
    }


def test_an_event_without_options_is_as_short_in_a_plan_as_it_can_be():
    assert to_plain(Change(1, "cut", "x")) == {"at_ns": 1, "do": "cut", "what": "x"}


def test_bfd_is_quick_or_slow_as_planned():
    lab = Lab(load_topology("mini"))
    ACTIONS["slow"](lab.driver, "", {})
    ACTIONS["quicken"](lab.driver, "guian-kunming", {})
    assert lab.net.bfd == {None: 1000, "guian-kunming": 15}


def test_the_parameters_of_an_event_come_to_its_action_and_stand_in_what_was_done(monkeypatch):
    seen = []
    monkeypatch.setitem(ACTIONS, "toy", lambda *given: seen.append(given))
    driver = EventDriver(Net(wire(load_topology("mini"))), None, None)
    (event,) = driver.timed_events((Change(1, "toy", "x", {"rate": 5, "set": {}}, "e"),), 0)
    event.do()
    assert seen == [(driver, "x", {"rate": 5, "set": {}})]
    assert (driver.done[0].options, driver.done[0].event) == ({"rate": 5}, "e")


@every_form
def test_the_schema_describes_an_event_in_its_own_words(form):
    kind = form.kind
    assert form.model.model_fields[kind.key].description == kind.words
    for name, option in kind.options.items():
        assert form.model.model_fields[name].description == option.words
