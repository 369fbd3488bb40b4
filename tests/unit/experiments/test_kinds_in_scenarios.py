"""A kind of arrivals or faults is whole: YAML, plan, doing and undoing, schema, documentation.

Each test holds for every kind that is registered, so a new one need not be written here.
"""

import json
import re
from dataclasses import fields, replace

import pytest
from pydantic import ValidationError, create_model

from corridor.experiments.lab.event_driver import EventDriver
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.plan.values import Change
from corridor.experiments.scenario.kinds import (
    Arrival,
    ArrivalChoice,
    Fault,
    TimedFault,
    arrival_fields,
    event_fields,
)
from corridor.topologies import faults
from corridor.topologies.base.codec import from_plain, to_plain
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.options import Option
from corridor.topologies.faults import registry
from corridor.topologies.faults.registry import ACTIONS, KINDS
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.wiring import wire
from corridor.traffic.agents.jobs import Job
from corridor.traffic.arrivals import registry as arrivals
from corridor.traffic.workloads.probe import Probe
from kinds_lab import DEMANDS, HEAD, arrival_of, fits_the_schema, loaded, named_in, read_again, rows
from remembering_network import Gateways, Net

every_fault = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
every_arrival = pytest.mark.parametrize("kind", arrivals.KINDS.values(), ids=list(arrivals.KINDS))
FIRST_LINE = HEAD.count("\n") + 1
BFD = "network: {bfd: 15ms}\n"


def with_fault(text):
    return f"{BFD}faults:\n  - {text}\n"


def variants(kind):
    """The example of a kind, and the same with each flag set that makes it fail otherwise."""
    flagged = [f"{kind.example[:-1]}, {flag}: true}}" for flag in kind.instead]
    return [kind.example, *flagged]


def planned_faults(folder, text):
    plan = make_plan(loaded(folder, text), clock="virtual", run_id="c0", seed=1)
    return from_plain(type(plan), json.loads(json.dumps(to_plain(plan)))).changes


def test_every_file_of_a_kind_of_faults_is_in_the_registry():
    assert sorted(kind.key for kind in named_in(faults).values()) == sorted(KINDS)


def test_no_two_kinds_share_an_action_or_mean_two_things_by_one_key():
    actions = [name for kind in KINDS.values() for name in kind.actions]
    assert len(set(actions)) == len(actions)
    meanings = {}
    for kind in KINDS.values():
        assert not kind.options.keys() & {*KINDS, *TimedFault.model_fields}
        for name, option in kind.options.items():
            assert meanings.setdefault(name, option) == option


@every_fault
def test_a_fault_is_read_as_its_example_says_and_written_so_that_it_reads_the_same(kind, tmp_path):
    for text in variants(kind):
        (fault,) = loaded(tmp_path, with_fault(text)).scenario.faults
        assert fault.kind is kind
        assert fault.what
        assert fault.until is not None
        assert read_again(Fault, fault) == fault
        fits_the_schema(with_fault(text))


@every_fault
def test_a_fault_of_what_is_not_there_is_refused_at_its_line(kind, tmp_path):
    text = re.sub(rf"{kind.key}: [^,}}]+", f"{kind.key}: atlantis", kind.example)
    with pytest.raises(InputError, match=f'fault of unknown {kind.of} "atlantis"') as caught:
        loaded(tmp_path, with_fault(text))
    assert caught.value.line == FIRST_LINE + 2


@every_fault
def test_a_fault_is_refused_without_what_it_requires_or_with_what_others_take(kind, tmp_path):
    others = {name: one for name, one in foreign_options(kind).items() if one.unit == "flag"}
    wrong = [f"{kind.example[:-1]}, {name}: true}}" for name in others]
    required = [name for name, option in kind.options.items() if option.required]
    wrong += [re.sub(rf", {name}: [^,}}]+", "", kind.example) for name in required]
    wrong.append(f"{kind.example[:-1]}, colour: red}}")
    for text in wrong:
        with pytest.raises(InputError) as caught:
            loaded(tmp_path, with_fault(text))
        assert caught.value.line == FIRST_LINE + 2


def foreign_options(kind):
    everybodys = {name: one for other in KINDS.values() for name, one in other.options.items()}
    return {name: one for name, one in everybodys.items() if name not in kind.options}


@every_fault
def test_what_only_bfd_notices_is_refused_without_it(kind, tmp_path):
    for flag in kind.only_bfd_notices:
        text = f"faults:\n  - {kind.example[:-1]}, {flag}: true}}\n"
        with pytest.raises(InputError, match="nothing would notice") as caught:
            loaded(tmp_path, text)
        assert caught.value.line == FIRST_LINE + 1


@every_fault
def test_a_plan_makes_and_repairs_a_fault_and_a_guest_reads_it_as_it_was_planned(kind, tmp_path):
    for text in variants(kind):
        begin, end = planned_faults(tmp_path, with_fault(text))
        (fault,) = loaded(tmp_path, with_fault(text)).scenario.faults
        assert (begin.do, begin.what) == (kind.begins_by(fault.options), fault.what)
        assert begin.options == kind.kept(fault.options)
        assert (end.do, end.what, end.options) == (kind.end, fault.what, {})
        assert end.at_ns - begin.at_ns == fault.until - fault.at
        assert {begin.do, end.do} <= kind.actions.keys()


@every_fault
@pytest.mark.parametrize("times", ["at: 1s", "at: 2s, until: 4s", "at: 0s, until: 2s"])
def test_two_faults_of_a_kind_of_one_thing_at_a_time_are_refused(kind, times, tmp_path):
    first, second = (
        re.sub(r"at: \w+, until: \w+", when, kind.example) for when in ("at: 1s, until: 3s", times)
    )
    with pytest.raises(InputError, match=f"another {kind.key} of .* lasts when this one begins"):
        loaded(tmp_path, with_fault(f"{first}\n  - {second}"))


@every_fault
def test_a_fault_may_begin_when_another_of_its_kind_ends_whichever_is_written_first(kind, tmp_path):
    times = ("at: 2s, until: 3s", "at: 1s, until: 2s")
    later, sooner = (re.sub(r"at: \w+, until: \w+", when, kind.example) for when in times)
    planned = planned_faults(tmp_path, with_fault(f"{later}\n  - {sooner}"))
    assert [one.do for one in planned] == [kind.begin, kind.end] * 2


def test_a_silent_cut_is_made_otherwise_than_another(tmp_path):
    kind = KINDS["cut"]
    begins = [planned_faults(tmp_path, with_fault(text))[0].do for text in variants(kind)]
    assert begins == ["cut", "silence"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("", "degrade: nothing gets worse; give one of rate, delay, loss"),
        (", rate: 0%", "rate must be more than 0%, not 0%"),
        (", rate: 101%", "rate must be at most 100%"),
        (", rate: 10Mbit", "needs a percent sign"),
        (", delay: -1ms", "must not be negative"),
        (", delay: 11s", "delay must be at most 10s"),
        (", loss: 0%", "loss must be more than 0%, not 0%"),
    ],
)
def test_a_fibre_that_cannot_be_degraded_so_is_refused_in_one_line(given, says, tmp_path):
    with pytest.raises(InputError, match=says) as caught:
        loaded(tmp_path, with_fault(f"{{at: 500ms, degrade: guian-kunming{given}}}"))
    assert caught.value.line == FIRST_LINE + 2
    assert "\n" not in str(caught.value)


@every_fault
def test_every_action_of_a_kind_makes_its_fault_or_ends_it(kind):
    assert {kind.begin, *kind.instead.values(), kind.end} == kind.actions.keys()
    assert kind.instead.keys() | kind.only_bfd_notices <= kind.options.keys()


def test_a_fault_without_options_is_as_short_in_a_plan_as_it_can_be():
    assert to_plain(Change(1, "cut", "x")) == {"at_ns": 1, "do": "cut", "what": "x"}
    assert [one.name for one in fields(Change)] == ["at_ns", "do", "what", "options"]


@every_fault
def test_what_a_fault_does_to_a_network_its_end_undoes(kind, tmp_path):
    for text in variants(kind):
        scenario = loaded(tmp_path, with_fault(text))
        net, gateways = Net(wire(scenario.topology)), Gateways()
        injector = EventDriver(net, gateways, 15)

        def state(net=net, gateways=gateways):
            return (set(net.kernel.down), dict(net.kernel.shapes), set(gateways.dead))

        untouched = state()
        begin, end = injector.timed_events(planned_faults(tmp_path, with_fault(text)), 0)
        begin.do()
        assert state() != untouched
        injector.faults.verify()
        end.do()
        assert state() == untouched
        assert [one["do"] for one in injector.done] == [
            kind.begins_by(scenario.scenario.faults[0].options),
            kind.end,
        ]


def test_bfd_is_quick_or_slow_as_planned():
    net = Net(wire(load_topology("mini")))
    injector = EventDriver(net, None, 15)
    ACTIONS["slow"](injector, "", {})
    ACTIONS["quicken"](injector, "guian-kunming", {})
    assert net.bfd == {None: 1000, "guian-kunming": 15}


EVERY_UNIT = {
    "wait": Option("time", "a time", above=0),
    "loss": Option("percent", "a share", 0.5, most=1),
    "rate": Option("rate", "a rate", required=True),
    "size": Option("size", "a size", 64),
    "shape": Option("number", "a number", 1.5, above=1),
    "times": Option("count", "how often", 1),
    "both": Option("flag", "both ways", False),
}
RIGHT = {"wait": "5ms", "rate": "10Mbit", "loss": "2%", "shape": 2, "both": True}
VALUES = {"wait": 5_000_000, "rate": 10_000_000, "loss": 0.02, "size": 64, "shape": 2.0}
VALUES |= {"times": 1, "both": True}
WRONG = [
    {"wait": "0ms"},
    {"wait": 5},
    {"loss": "101%"},
    {"rate": None},
    {"shape": 1},
    {"shape": "x"},
    {"times": 1.5},
    {"both": "yes"},
    {"size": "3 apples"},
]


def no_two(values):
    return "both takes one time" if values["both"] and values["times"] == 2 else ""


@pytest.fixture
def read_fault(monkeypatch):
    """Reads a fault as if there were but one kind, with a parameter of every unit."""
    only = replace(KINDS["cut"], key="toy", options=EVERY_UNIT, instead={}, problem=no_two)
    monkeypatch.setattr(registry, "KINDS", {"toy": only})
    monkeypatch.setattr(registry, "OPTIONS", EVERY_UNIT)
    model = create_model("Toy", __base__=TimedFault, **event_fields([only]))
    return lambda options: model.model_validate({"at": "1s", "toy": "x", **options})


@pytest.fixture
def read_arrival(monkeypatch):
    """The same of arrivals."""
    only = arrivals.KINDS["poisson"]._replace(name="toy", options=EVERY_UNIT, problem=no_two)
    monkeypatch.setattr(arrivals, "KINDS", {"toy": only})
    model = create_model("Toy", __base__=ArrivalChoice, **arrival_fields([only]))
    return lambda options: model.model_validate({"toy": options})


def test_parameters_of_every_unit_come_to_the_plan_as_values(read_fault, read_arrival):
    fault = read_fault(RIGHT)
    assert fault.kind.kept(fault.options) == VALUES
    assert read_arrival(RIGHT).planned == {"toy": VALUES}
    assert read_fault({"rate": "1bit"}).options["wait"] is None
    for value in (fault, read_arrival(RIGHT)):
        assert read_again(type(value), value) == value


@pytest.mark.parametrize("wrong", [*WRONG, {"times": 2}], ids=str)
def test_a_wrong_parameter_is_refused(wrong, read_fault, read_arrival):
    given = {key: value for key, value in {**RIGHT, **wrong}.items() if value is not None}
    for read in (read_fault, read_arrival):
        read(RIGHT)
        with pytest.raises(ValidationError):
            read(given)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"loss": "101%"}, "loss must be at most 100%, not 101%"),
        ({"wait": "0ms"}, "wait must be more than 0ns"),
        ({"shape": 1}, "shape must be more than 1"),
        ({"times": 2}, "toy: both takes one time"),
    ],
)
def test_a_bound_is_told_in_the_unit_it_is_written_in(wrong, says, read_fault, read_arrival):
    for read in (read_fault, read_arrival):
        with pytest.raises(ValidationError, match=says):
            read({**RIGHT, **wrong})


def test_the_parameters_of_a_fault_come_to_its_action_and_stand_in_what_was_done(monkeypatch):
    seen = []
    monkeypatch.setitem(ACTIONS, "toy", lambda *given: seen.append(given))
    injector = EventDriver(Net(wire(load_topology("mini"))), None, None)
    (event,) = injector.timed_events((Change(1, "toy", "x", {"rate": 5}),), 0)
    event.do()
    assert seen == [(injector, "x", {"rate": 5})]
    assert injector.done[0]["options"] == {"rate": 5}


@every_fault
def test_the_page_and_the_schema_tell_of_a_fault_in_its_own_words(kind):
    assert [f"`{kind.key}`", kind.of, kind.words, f"`{kind.example}`"] in rows("kinds of faults")
    assert Fault.model_fields[kind.key].description == kind.words
    for name, option in kind.options.items():
        assert Fault.model_fields[name].description == option.words
        assert any(row[0] == f"`{name}`" and option.words in row[-1] for row in rows("faults"))


@every_arrival
def test_an_arrival_is_read_as_its_example_says_and_written_so_that_it_reads_the_same(
    kind, tmp_path
):
    text = f"probe: {{arrival: {kind.example}}}\n"
    read = loaded(tmp_path, text).scenario.probe.arrival
    assert read.kind is kind
    assert arrivals.parts_of(read.planned)[0] is kind
    assert arrivals.parts_of(read.planned)[1].keys() == kind.options.keys()
    assert read_again(Arrival, read) == read
    fits_the_schema(text)


@every_arrival
def test_an_arrival_is_refused_without_what_it_requires_or_with_what_it_does_not_know(
    kind, tmp_path
):
    written = arrival_of(kind.example).model_dump(mode="json")
    options = {} if isinstance(written, str) else written[kind.name]
    wrong = [{**options, "colour": "red"}]
    required = [name for name, option in kind.options.items() if option.required]
    wrong += [{k: v for k, v in options.items() if k != name} for name in required]
    for given in wrong:
        with pytest.raises(InputError) as caught:
            loaded(tmp_path, f"probe:\n  arrival:\n    {kind.name}: {json.dumps(given)}\n")
        assert caught.value.line in (FIRST_LINE + 1, FIRST_LINE + 2)


def planned_times(folder, text, demands, seed=1):
    """When each demand is probed, by its id, as a guest computes it from the plan as JSON."""
    plan = make_plan(loaded(folder, text, demands), clock="virtual", run_id="c0", seed=seed)
    job = Job.from_plain(json.loads(plan.job.to_json()))
    return {
        plan.demands[probe.demand].id: probe.send_times
        for host in job.hosts
        for probe in host.of(Probe)
        if job.phases[probe.phase] == "probe"
    }


IN_FRONT = DEMANDS.replace(":\n", ":\n  - {id: two, class: dr, src: guian, dst: karachi}\n", 1)


@every_arrival
def test_its_name_and_the_seed_alone_decide_when_a_demand_of_a_kind_that_draws_is_probed(
    kind, tmp_path
):
    text = f"probe: {{arrival: {kind.example}}}\n"
    alone = planned_times(tmp_path, text, DEMANDS)["one"]
    both = planned_times(tmp_path, text, IN_FRONT)
    assert both["two"] != both["one"]
    assert (both["one"] == alone) == kind.draws
    assert (planned_times(tmp_path, text, DEMANDS, seed=2)["one"] != alone) == kind.draws


@pytest.mark.parametrize("text", ["{}", "7", "[poisson]", "{periodic: {}, poisson: {}}"])
def test_an_arrival_is_exactly_one_kind(text, tmp_path):
    with pytest.raises(InputError) as caught:
        loaded(tmp_path, f"probe: {{arrival: {text}}}\n")
    assert caught.value.line == FIRST_LINE


@every_arrival
def test_the_page_and_the_schema_tell_of_an_arrival_in_its_own_words(kind):
    assert [f"`{kind.name}`", kind.words, f"`{kind.example}`"] in rows("kinds of arrivals")
    assert Arrival.model_fields[kind.name].description == kind.words
    for name, option in kind.options.items():
        assert any(
            row[0] == f"`{name}`" and option.words in row[-1]
            for row in rows(f"parameters of {kind.name}")
        )
