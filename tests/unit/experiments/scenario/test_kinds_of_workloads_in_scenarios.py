"""A kind of workload is whole: YAML, plan, schema, documentation.

Each test holds for every kind that is registered, so a new one need not be written here.
"""

import json

import pytest

from corridor.experiments.plan.plan import make_plan
from corridor.experiments.plan.values import Plan
from corridor.experiments.scenario.workloads import WorkloadEntry, WorkloadKeys
from corridor.topologies.base.codec import from_plain, to_plain
from corridor.topologies.base.errors import InputError
from corridor.traffic import workloads
from corridor.traffic.workloads.workload_kind import WorkloadKind
from corridor.traffic.workloads.workload_registry import KINDS
from kinds_lab import HEAD, fits_the_schema, loaded, named_in, read_again

FIRST_LINE = HEAD.count("\n") + 1
DEMANDS = """demands:
  - {id: one, class: dr, src: shanghai, dst: karachi}
  - {id: two, class: dr, src: guian, dst: bangkok}
"""
OPTIONS = {name: one for kind in KINDS.values() for name, one in kind.options.items()}
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))


def keys(kind, demands="[one]", example=None):
    example = example or kind.example
    return f"{{id: load, kind: {kind.key}, demands: {demands}, {example[1:]}"


def written(*entries):
    return "workloads:\n" + "".join(f"  - {entry}\n" for entry in entries)


def planned(folder, text, demands=DEMANDS, seed=1):
    """A plan as a guest reads it."""
    plan = make_plan(loaded(folder, text, demands), clock="virtual", run_id="c0", seed=seed)
    return from_plain(Plan, json.loads(json.dumps(to_plain(plan))))


def test_every_file_of_a_kind_is_in_the_registry():
    assert named_in(workloads, WorkloadKind) == dict(KINDS)


def test_a_key_that_two_kinds_share_is_of_one_unit_and_none_is_a_key_of_all():
    for kind in KINDS.values():
        assert not kind.options.keys() & {*WorkloadKeys.model_fields, "class"}
        for name, option in kind.options.items():
            assert OPTIONS[name].unit == option.unit


@every_kind
def test_a_workload_is_read_as_its_example_says_and_written_so_that_it_reads_the_same(
    kind, tmp_path
):
    text = written(keys(kind))
    (entry,) = loaded(tmp_path, text, DEMANDS).scenario.workloads
    assert (entry.kind, entry.options.keys()) == (kind.key, kind.options.keys())
    assert read_again(WorkloadEntry, entry) == entry
    fits_the_schema(written(keys(kind)))


@every_kind
def test_a_workload_is_refused_at_its_line_without_what_it_requires_or_with_what_others_take(
    kind, tmp_path
):
    example = kind.example[1:-1].split(", ")
    required = [name for name, option in kind.options.items() if option.required]
    wrong = [
        "{" + ", ".join(part for part in example if not part.startswith(f"{name}:")) + "}"
        for name in required
    ]
    foreign = next(name for name in OPTIONS if name not in kind.options)
    value = {"time": "1s", "percent": "1%", "flag": "true", "name": "x", "count": "1"}
    of = OPTIONS[foreign].unit
    wrong.append(f"{kind.example[:-1]}, {foreign}: {value.get(of, '1kB')}}}")
    wrong.append(f"{kind.example[:-1]}, colour: red}}")
    for given in wrong:
        with pytest.raises(InputError) as caught:
            loaded(tmp_path, written(keys(kind, example=given)), DEMANDS)
        assert caught.value.line == FIRST_LINE + 1


@every_kind
def test_a_plan_has_every_message_at_both_ends_and_in_its_table(kind, tmp_path):
    plan = planned(tmp_path, written(keys(kind)))
    assert [one.kind for one in plan.workloads] == [kind.key]
    ends = [part for host in plan.job.hosts for part in host.parts if hasattr(part, "expects")]
    by_connection = {}
    for end in ends:
        by_connection.setdefault(end.connection, []).append(end)
    sent = {}
    for near, far in by_connection.values():
        assert (near.local_port, near.peer_ip) == (far.peer_port, far.local_ip)
        assert tuple((one.id, one.bytes) for one in near.sends) == far.expects
        assert tuple((one.id, one.bytes) for one in far.sends) == near.expects
        sent |= {one.id: one for one in (*near.sends, *far.sends)}
    assert plan.messages is not None
    assert [(row.id, row.bytes) for row in plan.messages.rows()] == [
        (number, sent[number].bytes) for number in sorted(sent)
    ]
    assert all(
        (row.at_ns is None) == bool(sent[row.id].after) and row.bytes > 0
        for row in plan.messages.rows()
    )


@every_kind
def test_what_a_demand_sends_is_decided_by_its_name_and_the_seed_alone(kind, tmp_path):
    def of_one(plan):
        return [
            (row.back, row.bytes, row.at_ns, row.round, row.deadline_ns)
            for row in plan.messages.rows()
            if plan.demands[row.demand].id == "one"
        ]

    own = keys(kind, example=f"{kind.example[:-1]}, stop: 1s}}")
    alone = of_one(planned(tmp_path, written(own)))
    front = DEMANDS.replace(":\n", ":\n  - {id: zero, class: x, src: guian, dst: shanghai}\n", 1)
    beside = written("{id: other, kind: bulk, demands: [zero], size: 1GB, interval: 100ms}", own)
    assert of_one(planned(tmp_path, beside, front)) == alone
    assert planned(tmp_path, written(own)) == planned(tmp_path, written(own))
