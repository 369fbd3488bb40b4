"""Collectives: what is planned has every hub hold what it needs before it goes on."""

from collections import defaultdict

import pytest

from corridor.experiments.plan.plan import make_plan
from corridor.traffic.agents.messages import ConnectionEnd
from kinds_lab import loaded

RING = """demands:
  - {id: ab, class: x, src: shanghai, dst: kunming}
  - {id: bc, class: x, src: kunming, dst: bangkok}
  - {id: ac, class: x, src: shanghai, dst: bangkok}
"""
STAR = """demands:
  - {id: a, class: x, src: shanghai, dst: kunming}
  - {id: b, class: x, src: kunming, dst: bangkok}
  - {id: c, class: x, src: karachi, dst: kunming}
"""
SIZE, SCALE = 3e12, 3e-6


def planned(folder, demands, keys, of="class: x"):
    text = f"workloads:\n  - {{id: train, kind: collective, {of}, size: 3TB, {keys}}}\n"
    return make_plan(loaded(folder, text, demands), clock="virtual", run_id="c0", seed=1)


def carried_out(plan, took_ns):
    """When each message arrives, if one from hub to hub takes so long; as agents go on."""
    messages, host_of, to = {}, {}, {}
    for host in plan.job.hosts:
        for end in host.of(ConnectionEnd):
            messages |= {one.id: one for one in end.sends}
            host_of |= {one.id: host.name for one in end.sends}
            to |= {number: host.name for number, _ in end.expects}
    arrived = {}
    while len(arrived) < len(messages):
        ready = [
            one
            for number, one in messages.items()
            if number not in arrived and all(other in arrived for other in one.after)
        ]
        assert ready, "nothing can go on"
        for one in ready:
            assert all(to[other] == host_of[one.id] for other in one.after), "it waits for others"
            begins = max([one.at_ns, *(arrived[other] + one.wait_ns for other in one.after)])
            arrived[one.id] = begins + took_ns[host_of[one.id], to[one.id]]
    return arrived, host_of, to


def rounds(plan, arrived):
    """When each is complete."""
    found = defaultdict(int)
    for row in plan.messages.rows():
        found[row.round] = max(found[row.round], arrived[row.id])
    return [found[number] for number in sorted(found)]


def each(plan, value):
    names = [host.name for host in plan.job.hosts]
    return {(one, other): value for one in names for other in names}


def test_a_ring_reduces_everything_at_every_hub_in_twice_the_steps_less_two(tmp_path):
    plan = planned(tmp_path, RING, "compute: 1s, rounds: 1")
    rows = list(plan.messages.rows())
    assert len(rows) == 3 * 2 * 2
    assert {row.bytes for row in rows} == {round(SIZE * SCALE / 3)}
    arrived, host_of, to = carried_out(plan, each(plan, 10))
    order = ["shanghai", "kunming", "bangkok"]
    held = {host: [{host} for _ in order] for host in order}
    for step in range(4):
        after_ns = plan.start_ns + 10 * (step + 1)
        now = [number for number in sorted(arrived) if arrived[number] == after_ns]
        assert sorted(host_of[number] for number in now) == sorted(order)
        assert all(order[(order.index(host_of[number]) + 1) % 3] == to[number] for number in now)
        before = {host: [set(one) for one in held[host]] for host in order}
        for number in now:
            place = (order.index(host_of[number]) - step) % 3
            held[to[number]][place] |= before[host_of[number]][place]
    assert all(one == set(order) for host in order for one in held[host])


def test_the_slowest_link_of_a_ring_decides_when_its_rounds_are_complete(tmp_path):
    plan = planned(tmp_path, RING, "compute: 1us, rounds: 3")
    quick, _, _ = carried_out(plan, each(plan, 1000))
    took = each(plan, 1000) | {("kunming", "bangkok"): 5000}
    slow, _, _ = carried_out(plan, took)
    assert rounds(plan, quick)[0] - plan.start_ns == 4 * 1000
    first, *_, last = rounds(plan, slow)
    assert first - plan.start_ns >= 2 * 5000
    assert last - plan.start_ns >= 3 * 2 * 5000


def test_hubs_compute_before_each_round_but_the_first(tmp_path):
    plan = planned(tmp_path, RING, "compute: 1s, rounds: 2, compress: 10")
    arrived, _, _ = carried_out(plan, each(plan, 1000))
    first, second = rounds(plan, arrived)
    assert (first - plan.start_ns, second - first) == (4000, 100_000_000 + 4000)


def test_a_parameter_server_answers_once_it_has_what_all_have_sent(tmp_path):
    plan = planned(tmp_path, STAR, "algorithm: star, compute: 1s, rounds: 1")
    arrived, host_of, to = carried_out(plan, each(plan, 10) | {("karachi", "kunming"): 700})
    back = [number for number in arrived if host_of[number] == "kunming"]
    assert sorted(to[number] for number in back) == ["bangkok", "karachi", "shanghai"]
    assert {arrived[number] - plan.start_ns for number in back} == {710}
    assert {row.bytes for row in plan.messages.rows()} == {round(SIZE * SCALE)}


def test_an_all_gather_brings_every_hub_what_every_other_has(tmp_path):
    plan = planned(tmp_path, RING, "algorithm: all, compute: 1s, rounds: 2")
    _, host_of, to = carried_out(plan, each(plan, 10))
    first = [row for row in plan.messages.rows() if row.round == 0]
    assert len({(host_of[row.id], to[row.id]) for row in first}) == len(first) == 6
    assert {row.bytes for row in first} == {3_000_000}


def test_hubs_of_demands_that_are_apart_train_by_themselves(tmp_path):
    plan = planned(tmp_path, STAR, "apart: true, compute: 1s, rounds: 1")
    arrived, host_of, to = carried_out(plan, each(plan, 10) | {("karachi", "kunming"): 700})
    assert {(row.demand, row.round) for row in plan.messages.rows()} == {(0, 0), (1, 1), (2, 2)}
    late = [number for number, at in arrived.items() if at - plan.start_ns > 20]
    assert {frozenset((host_of[number], to[number])) for number in late} == {
        frozenset(("karachi", "kunming"))
    }


@pytest.mark.parametrize(
    ("keys", "of", "most"), [("compute: 20ms", "class: x", 60), ("rounds: 2", "class: x", 2)]
)
def test_as_many_rounds_are_planned_as_there_can_be(tmp_path, keys, of, most):
    plan = planned(tmp_path, RING, keys, of)
    count = len({row.round for row in plan.messages.rows()})
    window_ns = plan.workloads[0].windows[0][1] - plan.start_ns
    assert count == (most if most == 2 else -(-window_ns // 20_000_000))
