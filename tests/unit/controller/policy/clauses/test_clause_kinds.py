"""Every kind of hard clause has all its parts, and nothing else names the kinds.

A new kind comes under these tests by its line in the registry; they report what is missing.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import combinations, permutations, product
from math import inf
from pathlib import Path as File
from random import Random
from typing import Any, get_args

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corridor.controller.intent.intent import Intent
from corridor.controller.policy import clauses
from corridor.controller.policy.clauses import CLAUSES, Broken, Clause, Element, Trip
from corridor.controller.policy.clauses.clause import MOST_STOPS
from corridor.controller.policy.clauses.places import Names, shipped_groups
from corridor.controller.policy.clauses.registry import looked_up
from corridor.controller.policy.clauses.waypoints import Waypoints
from corridor.controller.policy.load import load_policies
from corridor.controller.policy.model import Demand, Hard, Policy
from corridor.controller.policy.schema import schema
from corridor.controller.prover.claim_registry import CLAIMS
from corridor.experiments.cli import main
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.routing import Path, shortest_path_between
from corridor.topologies.model.topology import Hub, Topology
from policy_lab import along, applicable_policies, corridor, demand, permit, restrict
from prover_worlds import Spoilt, compiled
from random_policies import networks

ROOT = File(__file__).resolve().parents[5]
EXAMPLES = [(kind, example) for kind in CLAUSES.values() for example in kind.examples]
NONSENSE: tuple[Any, ...] = ({"nonsense": 1}, True, "", [["CN"]], [{"nonsense": 1}])
MOST_STATES = 40
each_kind = pytest.mark.parametrize("kind", CLAUSES.values(), ids=lambda kind: kind.kind)
each_example = pytest.mark.parametrize(
    ("kind", "example"), EXAMPLES, ids=lambda one: one.kind if inspect.isclass(one) else str(one)
)


def made(kind: type[Clause], written: Any) -> Clause:
    (clause,) = Hard.model_validate({kind.kind: written}).clauses()
    assert type(clause) is kind
    return clause


def policy_file(folder: File, kind: type[Clause], written: Any) -> File:
    """A policy file whose last line has a clause as a user wrote it."""
    hard = yaml.safe_dump({kind.kind: written}, default_flow_style=True, width=10**9).strip()
    path = folder / "mine.yaml"
    path.write_text(
        "schema: 1\nname: mine\npolicies:\n- {id: ANY, effect: permit}\n"
        f"- id: TRY\n  effect: restrict\n  hard: {hard}\n",
        encoding="utf-8",
    )
    return path


# What a kind must have.


def test_every_kind_in_the_package_is_in_the_registry_and_has_a_file_of_its_name() -> None:
    found = []
    for file in (one.name for one in pkgutil.iter_modules(clauses.__path__)):
        module = importlib.import_module(f"{clauses.__name__}.{file}")
        found += [
            (file, one)
            for one in vars(module).values()
            if inspect.isclass(one)
            and issubclass(one, Clause)
            and not inspect.isabstract(one)
            and one.__module__ == module.__name__
        ]
    assert set(CLAUSES.items()) == set(found)


@each_kind
def test_an_editor_is_told_what_a_kind_is_and_how_it_is_written(kind: type[Clause]) -> None:
    known = schema()["$defs"]
    entry = known["Hard"]["properties"][kind.kind]
    assert entry["description"].endswith("."), "the first line of its docstring is a sentence"
    assert entry["description"] != inspect.getdoc(Clause)
    assert entry["examples"] == list(kind.examples)
    for name, field in known.get(kind.__name__, {}).get("properties", {}).items():
        assert field.get("description"), f"a docstring below {kind.__name__}.{name} says what it is"


@each_kind
def test_names_that_a_kind_takes_are_looked_up(kind: type[Clause]) -> None:
    taken = {
        name for name, field in kind.model_fields.items() if field.annotation == get_args(Names)[0]
    }
    assert taken <= kind.looked_up.keys()
    assert kind.looked_up.items() <= looked_up().items(), "another kind has it for other names"


@each_kind
def test_a_kind_is_proven_by_a_claim_that_there_is(kind: type[Clause]) -> None:
    assert kind.claim in {claim.id for claim in CLAIMS}


@each_kind
def test_the_language_reference_has_a_kind(kind: type[Clause]) -> None:
    page = (ROOT / "docs/policies.md").read_text(encoding="utf-8")
    listed = page.partition("**Hard clauses.**")[2].partition("**Soft clauses**")[0]
    assert f"\n- `{kind.kind}: " in listed, f"no line of Hard clauses begins with - `{kind.kind}: "


@each_kind
def test_whole_numbers_that_a_kind_takes_have_a_bound(kind: type[Clause]) -> None:
    """States are few whatever a user writes, not in the examples only."""
    for name, field in kind.model_json_schema().get("properties", {}).items():
        if field.get("type") == "integer":
            most = field.get("maximum", inf)
            assert most < MOST_STATES, f"{kind.__name__}.{name} has no le, or it is too high"


@each_kind
def test_lists_of_objects_that_a_kind_takes_have_a_bound(kind: type[Clause]) -> None:
    """Each object may be a state."""
    for name, field in kind.model_json_schema().get("properties", {}).items():
        if "$ref" in field.get("items", {}):
            most = field.get("maxItems", inf)
            assert most < MOST_STATES, f"{kind.__name__}.{name} has no max_length"


def test_a_kind_that_forgets_its_names_is_told_so_where_it_is_written() -> None:
    with pytest.raises(TypeError, match="the clause Toll has no kind and examples"):
        type("Toll", (Clause,), {"__module__": __name__, "__qualname__": "Toll"})


# How it is written.


@cache
def policy_schema() -> Any:
    return jsonschema.Draft202012Validator(schema())


@each_example
def test_an_example_fits_the_schema_and_loads(
    kind: type[Clause], example: Any, tmp_path: File
) -> None:
    path = policy_file(tmp_path, kind, example)
    loaded = load_policies(path, corridor())
    policy_schema().validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    (policy,) = [one for one in loaded.policies if one.id == "TRY"]
    assert list(policy.hard.clauses()) == [made(kind, example)]
    again = Hard.model_validate(policy.hard.model_dump(mode="json", by_alias=True))
    assert again == policy.hard


@each_kind
def test_the_short_form_says_the_same_as_the_long_one(kind: type[Clause]) -> None:
    for example in kind.examples if kind.short else ():
        if not isinstance(example, dict):
            assert made(kind, example) == made(kind, {kind.short: example})
    long = [one for one in kind.examples if isinstance(one, dict)]
    assert not kind.short or 0 < len(long) < len(kind.examples), "an example of either form"


@each_kind
@pytest.mark.parametrize("nonsense", NONSENSE, ids=str)
def test_nonsense_is_refused_in_one_line(kind: type[Clause], nonsense: Any, tmp_path: File) -> None:
    path = policy_file(tmp_path, kind, nonsense)
    with pytest.raises(InputError) as caught:
        load_policies(path, corridor())
    assert caught.value.line == len(path.read_text(encoding="utf-8").splitlines())
    assert "\n" not in str(caught.value)


def test_more_waypoints_than_a_search_tells_apart_are_refused_in_one_line(tmp_path: File) -> None:
    stops = [{"any_of": {"hubs": ["west"]}}] * MOST_STOPS
    assert load_policies(policy_file(tmp_path, Waypoints, stops), corridor())
    for more in (1, 10_000):
        path = policy_file(tmp_path, Waypoints, stops + stops[:1] * more)
        with pytest.raises(InputError) as caught:
            load_policies(path, corridor())
        assert caught.value.line == len(path.read_text(encoding="utf-8").splitlines())
        assert "hard.waypoints must have at most 32 items" in str(caught.value)
        assert "\n" not in str(caught.value)


def misspelt(written: Any, keys: frozenset[str], key: str) -> Iterator[Any]:
    """A value with one of its names misspelt, for each of those under some keys."""
    if isinstance(written, str):
        if key in keys:
            yield "not-known"
    elif isinstance(written, list):
        for place, one in enumerate(written):
            for wrong in misspelt(one, keys, key):
                yield [*written[:place], wrong, *written[place + 1 :]]
    elif isinstance(written, dict):
        for name, one in written.items():
            yield from ({**written, name: wrong} for wrong in misspelt(one, keys, name))


@each_example
def test_a_name_that_nobody_knows_is_refused(
    kind: type[Clause], example: Any, tmp_path: File
) -> None:
    for wrong in misspelt(example, frozenset(looked_up()), kind.kind):
        with pytest.raises(InputError, match='is called "not-known"'):
            load_policies(policy_file(tmp_path, kind, wrong), corridor())


# What it lets pass.


def elements_of(topology: Topology, path: Path) -> list[Element]:
    found: list[Element] = [topology.hub(path.src)]
    for name, far in zip(path.fibres, path.hubs[1:], strict=True):
        found += [topology.fibre(name), topology.hub(far)]
    return found


def strolled(topology: Topology, steps: int, chance: Random) -> Path:
    """A random walk of some steps from the first hub, then the shortest path to the last."""
    hubs, fibres = [topology.hubs[0].id], []
    for _ in range(steps):
        fibre = chance.choice(topology.fibres_of(hubs[-1]))
        fibres.append(fibre.id)
        hubs.append(fibre.other_end(hubs[-1]))
    rest = shortest_path_between(topology, hubs[-1], topology.hubs[-1].id)
    assert rest is not None
    return Path((*hubs, *rest.hubs[1:]), (*fibres, *(fibre.id for fibre in rest.fibres)))


def taken(clause: Clause, trip: Trip, walk: list[Element]) -> list[int | Broken]:
    """What a clause says past each element, up to where it breaks."""
    said: list[int | Broken] = [0]
    for element in walk:
        last = said[-1]
        if isinstance(last, Broken):
            break
        said.append(clause.enter(last, element, trip))
    return said


def trip_on(topology: Topology, src: int = 0) -> Trip:
    return Trip(topology.hubs[src], topology.hubs[-1], shipped_groups(), topology=topology)


@each_kind
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), networks(), st.integers(0, 12), st.randoms(use_true_random=False))
def test_a_clause_is_an_automaton_and_where_it_breaks_every_longer_path_is_refused(
    kind: type[Clause], data: st.DataObject, topology: Topology, steps: int, chance: Random
) -> None:
    example = data.draw(st.sampled_from(kind.examples))
    clause, trip, path = made(kind, example), trip_on(topology), strolled(topology, steps, chance)
    walk = elements_of(topology, path)
    said = taken(clause, trip, walk)
    assert said == taken(clause, trip, walk), "the same steps give the same states"
    gateways_are_entered_once(clause, trip, walk, said)
    states_are_few_and_told(clause, said)
    long = elements_of(topology, strolled(topology, 10 * steps, chance))
    states_are_few_and_told(clause, taken(clause, trip, long))
    states = [one for one in said if not isinstance(one, Broken)]
    last = said[-1] if isinstance(said[-1], Broken) else clause.finish(states[-1], trip)
    asked = permit(hard={kind.kind: example})
    about = demand("general", path.src, path.dst)
    verdict = applicable_policies(asked, about=about, on=topology).verdict(path)
    assert verdict.allowed == (last is None)
    for violation in verdict.violations:
        assert last is not None
        assert (violation.clause, violation.reason) == (kind.kind, last.reason)
        assert last.reason
        assert "\n" not in last.reason


def gateways_are_entered_once(
    clause: Clause, trip: Trip, walk: list[Element], said: list[int | Broken]
) -> None:
    """The prover enters a hub with its gateway closed, then again with it open."""
    closed = replace(trip, closed=frozenset(one.id for one in walk if isinstance(one, Hub)))
    for state, element in zip(said, walk, strict=False):
        if isinstance(element, Hub) and not isinstance(state, Broken):
            once = clause.enter(state, element, trip)
            first = clause.enter(state, element, closed)
            twice = first if isinstance(first, Broken) else clause.enter(first, element, trip)
            assert twice == once


def states_are_few_and_told(clause: Clause, said: list[int | Broken]) -> None:
    states = {one for one in said if not isinstance(one, Broken)}
    assert len(states) < MOST_STATES
    assert not clause.phases() or max(states) < len(clause.phases())
    for state in states:
        owed = clause.requires_before_border(state)
        assert owed is not None or clause.requires_before_border(0) is None


@each_example
def test_what_a_clause_asks_of_the_source_is_all_it_goes_by(
    kind: type[Clause], example: Any
) -> None:
    """Trips from elsewhere that ask the same share what was searched for one of them."""
    clause, topology = made(kind, example), corridor()
    everything: list[Element] = [*topology.hubs, *topology.fibres]
    trips = [Trip(hub, topology.hub("karachi"), shipped_groups()) for hub in topology.hubs]
    for one, other in combinations(trips, 2):
        if clause.asks(one) == clause.asks(other):
            for state, element in product(reached(clause, one, everything), everything):
                assert clause.enter(state, element, one) == clause.enter(state, element, other)


def reached(clause: Clause, trip: Trip, elements: list[Element]) -> list[int]:
    """The states that any sequence of elements leads to."""
    found = [0]
    for state in found:
        after = [clause.enter(state, element, trip) for element in elements]
        found += {one for one in after if not isinstance(one, Broken)} - set(found)
        assert len(found) < MOST_STATES
    return found


# How it is described.


@each_example
def test_a_clause_is_told_in_one_line_of_words(kind: type[Clause], example: Any) -> None:
    said = made(kind, example).describe()
    assert said
    without_quotes = re.sub('"[^"]*"', "", said)
    assert not set("\n{}=<>'") & set(without_quotes), "words, not what a program prints of a value"


@each_example
def test_explain_runs_under_a_clause_and_names_it(
    kind: type[Clause], example: Any, tmp_path: File, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = tmp_path / "asked.yaml"
    scenario.write_text(
        "schema: 1\nname: asked\ntopology: pan-asia\ndemands:\n"
        "- {id: asked, class: dr, src: guian, dst: karachi}\n",
        encoding="utf-8",
    )
    policies = policy_file(tmp_path, kind, example)
    assert main(["explain", "asked", str(scenario), "--policies", str(policies)]) == 0
    assert f"TRY {kind.kind}" in capsys.readouterr().out


def shortest_paths() -> Iterator[tuple[Topology, Path]]:
    """Of a test map, then between any two hubs of a map that ships."""
    for hubs in (("west", "kash", "gilgit", "karachi"), ("kun", "mandalay", "mumbai")):
        yield corridor(), along(*hubs)
    shipped = load_topology("mini")
    for src, dst in permutations((one.id for one in shipped.hubs), 2):
        route = shortest_path_between(shipped, src, dst)
        assert route is not None
        yield shipped, Path(route.hubs, tuple(fibre.id for fibre in route.fibres))


@each_kind
def test_the_prover_names_a_clause_that_tables_break(kind: type[Clause]) -> None:
    """Tables that ignore it send packets over the shortest path."""
    rules = [restrict("TRY", hard={kind.kind: example}) for example in kind.examples]
    breaking: list[tuple[Policy, Demand]] = []
    for topology, path in shortest_paths():
        about = demand(src=path.src, dst=path.dst)
        rulings = [applicable_policies(permit(), one, about=about, on=topology) for one in rules]
        broken = [not one.verdict(path).allowed for one in rulings]
        breaking = [(one, about) for one, so in zip(rules, broken, strict=True) if so]
        if breaking:
            break
    assert breaking, "one example forbids a shortest path of the map mini"
    for rule, about in breaking:
        net = compiled(topology, [Intent(applicable_policies(permit(), about=about, on=topology))])
        narrowed = Intent(applicable_policies(permit(), rule, about=about, on=topology))
        proof = net.prove(Spoilt(net.tables, None, (narrowed,)))
        told = {one.claim: one.counterexample for one in proof.violated}
        assert kind.claim in told
        shown = told[kind.claim]
        assert shown is not None
        assert {(one.policy, one.clause) for one in shown.clauses} == {("TRY", kind.kind)}
        assert f"TRY {kind.kind}: " in str(shown)


# Other code that names a kind.

EVERYDAY = {"path", "via"}
"""Kinds with common names."""
BY_NAME = {
    "controller/explain/questions.py",
    "controller/policy/clauses/registry.py",
    "controller/second_opinion/clause_registry.py",
    "controller/second_opinion/packet_check.py",
    "controller/testing/assertions.py",
    "experiments/operations/probe_text.py",
}
"""The lists of kinds; assertions, each of which is one clause that a test asks for; questions to
other provers, of single stops; and two whose hops are not a clause."""


def test_nothing_else_names_a_kind() -> None:
    named = {kind.kind for kind in CLAUSES.values()}
    modules = {f"{clauses.__name__}.{name}" for name in named}
    found = set()
    for folder in ("controller", "experiments"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            if not any(f'"{name}"' in text or f"clauses.{name}" in text for name in named):
                continue
            for node in ast.walk(ast.parse(text)):
                imports = isinstance(node, ast.ImportFrom) and node.module in modules
                says = isinstance(node, ast.Constant) and node.value in named - EVERYDAY
                if imports or says:
                    found.add(path.relative_to(ROOT).as_posix())
    own = {f"controller/policy/clauses/{name}.py" for name in named}
    assert found - own == BY_NAME
