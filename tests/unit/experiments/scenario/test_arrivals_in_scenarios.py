"""A kind of arrivals is whole: YAML, plan, schema, documentation.

Each test holds for every kind that is registered, so a new one need not be written here.
"""

import json

import pytest

from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.kinds import Arrival
from corridor.topologies.base.errors import InputError
from corridor.traffic.agents.jobs import Job
from corridor.traffic.agents.probe import Probe
from corridor.traffic.workloads import arrivals
from kinds_lab import DEMANDS, HEAD, arrival_of, fits_the_schema, loaded, read_again

every_arrival = pytest.mark.parametrize("kind", arrivals.KINDS.values(), ids=list(arrivals.KINDS))
FIRST_LINE = HEAD.count("\n") + 1


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
    options = {} if isinstance(written, str) else written[kind.key]
    wrong = [{**options, "colour": "red"}]
    required = [name for name, option in kind.options.items() if option.required]
    wrong += [{k: v for k, v in options.items() if k != name} for name in required]
    for given in wrong:
        with pytest.raises(InputError) as caught:
            loaded(tmp_path, f"probe:\n  arrival:\n    {kind.key}: {json.dumps(given)}\n")
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
def test_the_schema_describes_an_arrival_in_its_own_words(kind):
    assert Arrival.model_fields[kind.key].description == kind.words
