"""What the benchmarks of a live network count, on what might have been seen."""

import pytest
from tests.benchmarks import cables, changes

from reconciler_lab import specification, wiring

NS = 10**9
FIBRE = "kunming-karachi"


@pytest.fixture
def judge():
    return cables.Judge(specification(), wiring())


def seen(judge, *fibres, kind="fibres", **other):
    """As all should be while these are cut and repaired: nothing lost, statuses as expected."""
    calm = {one.demand.id: ["UP", ""] for one in specification().directions}
    entries = {"before": 100, "most": 150, "after": 90}
    update = {"event": "update", "at_ns": 3 * NS, "entries": entries}
    return {
        "kind": kind,
        "fibres": list(fibres),
        "times": 1,
        "start_ns": NS,
        "cut_ns": 2 * NS,
        "last_cut_ns": 2 * NS,
        "repaired_ns": 4 * NS,
        "statuses": {"while cut": calm, "after": calm, "at last": calm},
        "held_out": [],
        "held_out_at_last": [],
        "lost": {},
        "sent": 1000,
        "verdict": {"frames": 5000, "lost": 0, "forbidden": [], "strange": []},
        "events": [{**update, "done_ms": {"flipped": 20.0, "removed": 200.0}}],
        **other,
    }


def told(judge):
    return [one.partition(": ")[2] for one in judge.wrong]


def test_a_cut_that_is_bridged_and_repaired_without_loss_is_as_predicted(judge, capsys):
    judge.judge(seen(judge, FIBRE))
    assert judge.report() == 0
    assert judge.counts["bridged"] > 0
    assert judge.times_ms["cut to flip"] == [820.0]
    assert "all as predicted" in capsys.readouterr().out


def test_what_a_demand_loses_that_has_nothing_to_do_with_a_cut_is_wrong(judge):
    judge.judge(seen(judge, FIBRE, lost={"train": [1.5]}))
    assert told(judge) == ["train crosses nothing of it, and lost [1500.0]"]


def test_what_was_under_way_when_a_fibre_was_cut_may_be_lost_and_later_packets_may_not(judge):
    judge.judge(seen(judge, FIBRE, lost={"ckpt": [0.96, 0.98]}))
    assert judge.wrong == []
    assert judge.counts["lost under way"] == 2
    judge.judge(seen(judge, FIBRE, lost={"ckpt": [1.1, 1.12]}))
    assert told(judge) == ["ckpt is bridged, and lost [1100.0, 1120.0]"]


def test_what_is_lost_by_repair_is_wrong(judge):
    judge.judge(seen(judge, FIBRE, lost={"ckpt": [3.5]}))
    assert told(judge) == ["ckpt lost [3500.0] by repair"]


def test_a_status_that_the_oracle_does_not_expect_is_wrong(judge):
    one = seen(judge, FIBRE)
    one["statuses"]["after"] = {**one["statuses"]["after"], "ckpt": ["DOWN", ""]}
    judge.judge(one)
    assert told(judge) == ["ckpt is DOWN, not SERVED"]


def test_a_partition_is_held_against_what_fibres_lead_where(judge):
    border = [one.id for one in specification().topology.fibres if "karachi" in (one.a, one.z)]
    judge.judge(seen(judge, *border, kind="partition"))
    assert "ckpt is UP, not DOWN" in told(judge)
    assert "ckpt was predicted to be lost, and was not" in told(judge)


@pytest.mark.parametrize("what", ["forbidden", "strange", "unseen"])
def test_a_packet_where_none_may_be_fails_the_benchmark(judge, what):
    one = seen(judge, FIBRE)
    if what == "unseen":
        one["verdict"]["lost"] = 1
    else:
        one["verdict"][what] = [{"packets": 1}]
    judge.judge(one)
    assert judge.report() == 1


def test_steps_are_the_same_for_the_same_seed_and_name_every_fibre():
    topology = specification().topology
    drawn = [[*cables.steps_of(topology, cables.KINDS, FIBRE, "PK", 5, seed)] for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    singles = [one.fibres for one in drawn[0] if one.kind == "fibres"]
    assert singles == [(fibre.id,) for fibre in topology.fibres]
    (border,) = (one.fibres for one in drawn[0] if one.kind == "partition")
    assert set(border) == {"kunming-karachi", "bangkok-karachi"}


def test_random_sets_are_the_same_for_the_same_seed_and_differ_from_each_other():
    first, again, other = ([*changes.random_sets(20, seed)] for seed in (1, 1, 2))
    assert first == again != other
    enabled = {frozenset(one.id for one in s.policies if one.enabled) for s in first}
    assert len(enabled) == 20


def change(**other):
    entries = {"before": 100, "most": 150, "after": 90}
    return {
        "answer": {"ok": True},
        "update": {"done_ms": {"flipped": 20.0, "removed": 200.0}, "entries": entries},
        "sent": 100,
        "lost": {},
        "lost_settled": {},
        "came_through": [],
        "verdicts": [{"frames": 9, "lost": 0, "forbidden": [], "strange": []}],
        **other,
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"lost": {"ckpt": [0.1]}},
        {"lost_settled": {"ckpt": [0.1]}},
        {"came_through": ["ckpt"]},
        {"answer": {"ok": False}, "update": None},
        {"verdicts": [{"frames": 9, "lost": 1, "forbidden": [], "strange": []}]},
        {"verdicts": [{"frames": 9, "lost": 0, "forbidden": [{"packets": 1}], "strange": []}]},
    ],
)
def test_a_change_that_loses_or_leaks_or_is_refused_fails_the_benchmark(wrong, capsys):
    assert changes.report([change(), change()], [1.0, 2.0]) == 0
    assert changes.report([change(), change(**wrong)], [1.0, 2.0]) == 1
    assert "more at the peak" in capsys.readouterr().out
