"""Parameters of kinds of events and arrivals: read by their unit, held to their bounds."""

from dataclasses import replace

import pytest
from pydantic import ValidationError

from corridor.experiments.scenario import event_registry as timeline
from corridor.experiments.scenario.kinds import ArrivalChoice, TimedEvent, TimedFault
from corridor.topologies.base.options import Option
from corridor.topologies.model import fault_registry as faults
from corridor.traffic.workloads import arrivals
from kinds_lab import read_again

HUB = faults.KINDS["hub"]
EVERY_UNIT = {
    "wait": Option("time", "a time", above=0),
    "loss": Option("percent", "a share", 0.5, most=1),
    "rate": Option("rate", "a rate", required=True),
    "size": Option("size", "a size", 64),
    "shape": Option("number", "a number", 1.5, above=1),
    "times": Option("count", "how often", 1),
    "both": Option("flag", "both directions", False),
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


def reader(monkeypatch, registry, base):
    """Reads an event as if there were but one kind, with a parameter of every unit."""
    only = replace(HUB, key="toy", options=EVERY_UNIT, problem=no_two)
    monkeypatch.setattr(registry, "KINDS", {"toy": only})
    model = base.of_kinds("Toy", [only])
    return lambda options: model.model_validate({"at": "1s", "toy": "x", **options})


@pytest.fixture
def read_fault(monkeypatch):
    return reader(monkeypatch, faults, TimedFault)


@pytest.fixture
def read_event(monkeypatch):
    return reader(monkeypatch, timeline, TimedEvent)


@pytest.fixture
def read_arrival(monkeypatch):
    """The same of arrivals."""
    only = arrivals.KINDS["poisson"]._replace(key="toy", options=EVERY_UNIT, problem=no_two)
    monkeypatch.setattr(arrivals, "KINDS", {"toy": only})
    model = ArrivalChoice.of_kinds("Toy", [only])
    return lambda options: model.model_validate({"toy": options})


def test_parameters_of_every_unit_come_to_the_plan_as_values(read_fault, read_event, read_arrival):
    for event in (read_fault(RIGHT), read_event(RIGHT)):
        assert event.kind.kept(event.options) == VALUES
        assert read_again(type(event), event) == event
    assert read_arrival(RIGHT).planned == {"toy": VALUES}
    assert read_fault({"rate": "1bit"}).options["wait"] is None
    arrival = read_arrival(RIGHT)
    assert read_again(type(arrival), arrival) == arrival


@pytest.mark.parametrize("wrong", [*WRONG, {"times": 2}], ids=str)
def test_a_wrong_parameter_is_refused(wrong, read_fault, read_event, read_arrival):
    given = {key: value for key, value in {**RIGHT, **wrong}.items() if value is not None}
    for read in (read_fault, read_event, read_arrival):
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
def test_a_bound_is_told_in_the_unit_it_is_written_in(
    wrong, says, read_fault, read_event, read_arrival
):
    for read in (read_fault, read_event, read_arrival):
        with pytest.raises(ValidationError, match=says):
            read({**RIGHT, **wrong})
