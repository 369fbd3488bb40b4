"""Who was hit by which event and for how long, and why each probe was lost."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest

from corridor.experiments.account.account_of_run import Account
from corridor.experiments.account.switches import StatusEvent
from corridor.experiments.plan.values import Cut, Impact, PlannedEvent
from corridor.experiments.results import event_impacts, timeline
from corridor.experiments.results.event_impacts import losses_of, write_impacts
from corridor.experiments.results.timeline import expectations
from corridor.experiments.results.uncounted_losses import QUEUE, RANDOM, Dropping, likeliest
from corridor.traffic.measures.samples import PROBE_DTYPE, Probes
from handmade_run import EPOCH_NS
from handmade_run import plan as handmade_plan

MS = 1_000_000
INTERVAL_NS, COUNT = 10 * MS, 1000
START_NS = 1000 * MS
"""Of probing: probe n is sent n * 10 ms later."""
NEAR, SILENT, FAR = range(3)
RTT_NS, THEN_NS = 10 * MS, 16 * MS
NONE_DROP = Dropping({}, {})


def impact(demand, *, out_ms=120, before_ns=RTT_NS, bridged_ns=None, followed_ns=THEN_NS):
    out_ns = None if out_ms is None else out_ms * MS
    return Impact(demand, before_ns, bridged_ns, followed_ns, ("shanghai", "guian"), out_ns)


def event(name, at_ms, until_ms, *impacts, kind="cut", what="one", options=None):
    end_ns = None if until_ms is None else START_NS + until_ms * MS
    begin_ns = START_NS + at_ms * MS
    return PlannedEvent(name, kind, what, options or {}, begin_ns, end_ns, impacts)


def plan_with(*events, silent_rtt_ns=40 * MS):
    """The handmade plan, where the demand that policies may block is predicted, or not."""
    plan = handmade_plan()
    forward_ns = silent_rtt_ns and silent_rtt_ns // 2
    demands = list(plan.demands)
    demands[SILENT] = replace(
        demands[SILENT], predicted_forward_ns=forward_ns, predicted_backward_ns=forward_ns
    )
    return replace(plan, demands=tuple(demands), events=events)


def probes_of(demand, lost=(), *, later=(), phase=1):
    """All of a demand; those ``later`` take as long as by the detour."""
    found = Probes.of(np.zeros(COUNT, PROBE_DTYPE))
    found["demand"], found["seq"], found["sent"] = demand, np.arange(COUNT), True
    found["phase"] = phase
    found["intended_ns"] = EPOCH_NS + START_NS + np.arange(COUNT) * INTERVAL_NS
    found["t1_ns"] = found["intended_ns"]
    rtt_ns = np.full(COUNT, RTT_NS)
    rtt_ns[list(later)] = THEN_NS
    found["t2_ns"] = found["t3_ns"] = found["t1_ns"] + rtt_ns // 2
    found["t4_ns"] = found["t1_ns"] + rtt_ns
    found["reflections"], found["received"] = 1, True
    found["received"][list(lost)] = False
    return found


def guessed(plan, *probes, dropping=NONE_DROP):
    judge = likeliest(plan, dropping)
    return losses_of(Probes.of(np.concatenate(probes)), plan, EPOCH_NS, judge)


def causes_of(plan, *probes, dropping=NONE_DROP):
    return guessed(plan, *probes, dropping=dropping).causes


CUT = event("dig", 1000, 2000, impact(NEAR))


def test_what_is_lost_once_an_event_begins_is_of_it_and_so_is_what_was_under_way():
    losses = guessed(plan_with(CUT), probes_of(NEAR, range(99, 112), later=range(112, 200)))
    assert losses.causes == {"near": {"dig": 13}}
    (hit,) = losses.impacts
    assert (hit.event, hit.demand, hit.expected, hit.lost) == ("dig", "near", True, 13)
    assert (hit.out_ms, hit.expected_out_ms, hit.over_ms) == (120.0, 120.0, 120.0)
    assert (hit.rtt_before_ms, hit.expected_rtt_before_ms) == (10.0, 10.0)
    assert (hit.rtt_then_ms, hit.expected_rtt_then_ms) == (16.0, 16.0)
    assert (hit.path_then, hit.expected_path_then) == ((), ("shanghai", "guian"))


def test_a_detour_is_as_long_as_the_slowest_probe_before_the_controller_followed():
    mine = probes_of(NEAR, later=range(115, 200))
    detour = np.flatnonzero((mine["seq"] >= 99) & (mine["seq"] < 115))
    mine["t4_ns"][detour] += np.linspace(20, 30, len(detour)).astype(np.int64) * MS
    (hit,) = guessed(plan_with(CUT), mine).impacts
    sent_ms = (mine["t1_ns"] - EPOCH_NS - START_NS) / MS
    took_ms = (mine["t4_ns"] - mine["t1_ns"] - mine["t3_ns"] + mine["t2_ns"]) / MS
    longest = max(took for sent, took in zip(sent_ms, took_ms, strict=True) if 1000 <= sent < 1150)
    assert hit.rtt_at_once_ms == longest == 40.0
    assert hit.rtt_then_ms == 16.0


@pytest.mark.parametrize(
    ("lost", "slow", "settled_ms"),
    [
        ((), (), 0.0),
        (range(99, 112), (), 120.0),
        ((), range(100, 115), 150.0),
        (range(100, 105), range(105, 115), 150.0),
        ((), [*range(100, 115), 140], 410.0),
        ((), range(100, 200, 5), None),
        (range(99, 300), (), None),
    ],
)
def test_an_rtt_has_settled_once_it_stays_at_its_later_median(lost, slow, settled_ms):
    mine = probes_of(NEAR, lost, later=range(100, 200))
    mine["t4_ns"][list(slow)] += 2 * MS
    (hit,) = guessed(plan_with(CUT), mine).impacts
    assert hit.settled_ms == settled_ms


def test_random_loss_does_not_delay_when_an_rtt_has_settled():
    worse = event("fog", 1000, 2000, impact(NEAR, out_ms=None), kind="degrade")
    lost = range(100, 200, 10)
    (hit,) = guessed(plan_with(worse), probes_of(NEAR, lost, later=range(100, 200))).impacts
    assert (hit.lost, hit.settled_ms) == (10, 0.0)


def test_the_path_is_the_last_that_the_controller_told_while_an_event_lasts():
    def told(at_ms, *hubs, demand="near"):
        at_ns = EPOCH_NS + START_NS + at_ms * MS
        return StatusEvent(at_ns=at_ns, demand=demand, status="UP", hubs=hubs)

    said = [
        *(told(900, "a"), told(1100, "b"), told(1200, "c"), told(1300)),
        *(told(1400, "d", demand="far"), told(2100, "e")),
    ]
    plan = plan_with(CUT)
    losses = losses_of(probes_of(NEAR), plan, EPOCH_NS, likeliest(plan, NONE_DROP), said)
    assert losses.impacts[0].path_then == ("c",)


def test_the_longest_outage_is_told_and_when_the_last_was_over():
    (hit,) = guessed(plan_with(CUT), probes_of(NEAR, [*range(100, 105), 150])).impacts
    assert (hit.lost, hit.out_ms, hit.over_ms) == (6, 50.0, 510.0)


def test_an_outage_is_from_the_first_that_is_lost_to_the_next_that_arrives_however_they_are_sent():
    probes = probes_of(NEAR, range(100, 105))
    probes["intended_ns"][103:] += 90 * MS
    (hit,) = guessed(plan_with(CUT), probes).impacts
    assert hit.out_ms == 140.0


def test_whom_an_event_should_hit_and_does_not_is_told_with_nothing_lost():
    (hit,) = guessed(plan_with(CUT), probes_of(NEAR)).impacts
    assert (hit.expected, hit.lost, hit.out_ms, hit.over_ms) == (True, 0, 0.0, 0.0)


def test_an_event_that_takes_all_away_for_as_long_as_it_lasts_has_no_round_trip_then():
    gone = event("dig", 1000, 2000, impact(NEAR, out_ms=None, followed_ns=None))
    (hit,) = guessed(plan_with(gone), probes_of(NEAR, range(100, 200))).impacts
    assert (hit.expected_out_ms, hit.rtt_then_ms, hit.expected_rtt_then_ms) == (None, None, None)
    assert hit.out_ms == 1000.0


def test_of_two_events_that_hit_a_demand_what_is_lost_is_of_the_later():
    second = event("more", 1500, 1800, impact(NEAR))
    plan = plan_with(CUT, second)
    lost = [*range(100, 105), *range(150, 153), *range(185, 187)]
    assert causes_of(plan, probes_of(NEAR, lost)) == {"near": {"dig": 5, "more": 5}}


def test_what_is_lost_is_of_the_event_that_hits_the_demand_though_another_began_later():
    other = event("elsewhere", 1020, 1500, impact(FAR), what="two")
    causes = causes_of(plan_with(CUT, other), probes_of(NEAR, [103]), probes_of(FAR, [103]))
    assert causes == {"near": {"dig": 1}, "far": {"elsewhere": 1}}


def test_what_is_lost_soon_after_an_end_is_still_of_the_event():
    assert causes_of(plan_with(CUT), probes_of(NEAR, [250])) == {"near": {"dig": 1}}
    late = causes_of(plan_with(CUT), probes_of(NEAR, [320]))
    assert late == {"near": {"unexplained": 1}}


def test_an_event_without_an_end_explains_losses_until_the_run_ends():
    lasting = event("dig", 1000, None, impact(NEAR))
    assert causes_of(plan_with(lasting), probes_of(NEAR, [900])) == {"near": {"dig": 1}}


def test_what_is_over_at_once_explains_what_is_lost_within_seconds_unless_it_forbids():
    at_once = event("again", 1000, None, impact(NEAR), kind="restart", what="switches")
    causes = causes_of(plan_with(at_once), probes_of(NEAR, [110, 700]))
    assert causes == {"near": {"again": 1, "unexplained": 1}}
    forbids = event("law", 1000, None, impact(NEAR, followed_ns=None), kind="policies", what="x")
    assert causes_of(plan_with(forbids), probes_of(NEAR, [700])) == {"near": {"law": 1}}


def test_a_demand_that_an_event_should_not_have_hit_is_a_surprise_of_it():
    losses = guessed(plan_with(CUT), probes_of(NEAR), probes_of(FAR, [105]))
    surprise = next(one for one in losses.impacts if one.demand == "far")
    assert (surprise.expected, surprise.lost, surprise.expected_out_ms) == (False, 1, 0.0)
    assert losses.causes == {"far": {"unexplained": 1}}


DROPS_TWO = {RANDOM: Dropping({"two": 2}, {}), QUEUE: Dropping({}, {"two": 2})}


@pytest.mark.parametrize("cause", DROPS_TWO)
def test_fibres_that_lose_of_themselves_explain_it_better_than_an_event_elsewhere(cause):
    dropping = DROPS_TWO[cause]
    causes = causes_of(plan_with(CUT), probes_of(FAR, [105, 700]), dropping=dropping)
    assert causes == {"far": {cause: 2}}
    causes = causes_of(plan_with(CUT), probes_of(NEAR, [105, 700]), dropping=dropping)
    assert causes == {"near": {"dig": 1, "unexplained": 1}}


def test_fibres_explain_no_more_than_they_lost():
    dropping = Dropping({"two": 1}, {"two": 2})
    causes = causes_of(plan_with(), probes_of(FAR, range(10, 15)), dropping=dropping)
    assert causes == {"far": {RANDOM: 1, QUEUE: 2, "unexplained": 2}}


def test_while_a_load_shares_a_fibre_a_queue_comes_first():
    load = (START_NS + 1000 * MS, START_NS + 2000 * MS, frozenset(["two"]))
    dropping = Dropping({"two": 9}, {"two": 9}, [load])
    for lost, cause in ((50, RANDOM), (150, QUEUE), (290, QUEUE), (310, RANDOM)):
        causes = causes_of(plan_with(), probes_of(FAR, [lost]), dropping=dropping)
        assert causes == {"far": {cause: 1}}


def test_what_an_event_moved_may_be_lost_on_any_fibre():
    for anywhere, cause in ((True, RANDOM), (False, "unexplained")):
        dropping = Dropping({"two": 1}, {}, anywhere=anywhere)
        causes = causes_of(plan_with(), probes_of(NEAR, [3]), dropping=dropping)
        assert causes == {"near": {cause: 1}}


def test_what_is_lost_for_longer_than_an_event_can_lose_is_judged_on_its_own():
    plan = replace(plan_with(CUT), follows=False, bfd_interval_ms=None)
    causes = causes_of(plan, probes_of(NEAR, range(150, 350)))
    assert causes == {"near": {"dig": 150, "unexplained": 50}}
    followed = causes_of(replace(plan, follows=True), probes_of(NEAR, range(150, 350)))
    assert followed == {"near": {"dig": 200}}


def test_what_nothing_explains_is_said_so_and_what_policies_keep_back_is_theirs():
    causes = causes_of(plan_with(), probes_of(NEAR, [3]))
    assert causes == {"near": {"unexplained": 1}}
    kept = plan_with(silent_rtt_ns=None)
    assert causes_of(kept, probes_of(SILENT, range(COUNT))) == {"silent": {"policy": COUNT}}


def test_what_only_loads_a_demand_loses_nothing_of_others():
    stream = event("load", 1000, 2000, kind="stream", what="far")
    assert causes_of(plan_with(stream), probes_of(NEAR, [105])) == {"near": {"unexplained": 1}}


def test_warm_up_copies_and_cuts_one_after_another_are_not_counted():
    plan = plan_with()
    plan = replace(
        plan,
        job=plan.job._replace(phases=("warm-up", "probe", "cut:one")),
        cuts=(Cut("one", False, 0, 0, 0, 0, 1, 1, ()),),
    )
    twice = probes_of(NEAR, [3])
    twice["copy"] = 1
    for probes in (probes_of(NEAR, [3], phase=0), probes_of(NEAR, [3], phase=2), twice):
        assert causes_of(plan, probes) == {}


def test_rows_are_kept_in_the_order_of_events(tmp_path):
    first, second = event("a", 1000, 1100, impact(FAR)), event("b", 2000, 2100, impact(NEAR))
    losses = guessed(plan_with(first, second), probes_of(NEAR, [205]), probes_of(FAR))
    write_impacts(tmp_path / "events.parquet", losses.impacts)
    table = pq.read_table(tmp_path / "events.parquet")
    assert table["event"].to_pylist() == ["a", "b"]
    assert table.schema.metadata[b"corridor_schema"] == b"events/1"


class Counts:
    """An account with the number of probes that a demand lost to each cause."""

    ledger = "there is one"

    def __init__(self, *, queue=0, random=0, **dark):
        self.by_event = {"" if name == "policy" else name: count for name, count in dark.items()}
        self.counts = {"queue": queue, "random loss": random, **dark}

    def lost_by(self, _demand, _kind):
        return {cause: count for cause, count in self.counts.items() if count}

    def dark(self, _demand, _kind):
        return self.by_event


def counted(plan, probes, **counts):
    return losses_of(probes, plan, EPOCH_NS, timeline.by(Counts(**counts), plan))


def test_what_full_queues_took_is_no_outage_of_the_event_that_filled_them():
    queued, dark = [110, 120, 121, 150, 151], range(100, 106)
    losses = counted(plan_with(CUT), probes_of(NEAR, [*dark, *queued]), dig=6, queue=5)
    assert losses.causes["near"] == {"dig": 6, "queue": 5}
    (hit,) = losses.impacts
    assert (hit.lost, hit.lost_otherwise, hit.out_ms, hit.over_ms) == (6, 5, 60.0, 60.0)


def test_an_event_under_load_that_no_packet_met_puts_nobody_out():
    losses = counted(plan_with(CUT), probes_of(NEAR, range(100, 120)), queue=20)
    (hit,) = losses.impacts
    assert (hit.lost, hit.lost_otherwise, hit.out_ms) == (0, 20, 0.0)
    assert counted(plan_with(CUT), probes_of(FAR, [120]), queue=1).impacts == ()


def test_what_was_counted_as_the_doing_of_an_event_is_of_that_and_of_no_other():
    second = event("more", 1500, 1800, impact(NEAR))
    lost = [*range(100, 105), 150]
    hits = counted(plan_with(CUT, second), probes_of(NEAR, lost), queue=5, more=1).impacts
    assert [(one.event, one.lost, one.out_ms) for one in hits] == [
        ("dig", 0, 0.0),
        ("more", 1, 10.0),
    ]
    (hit,) = counted(plan_with(CUT), probes_of(NEAR, lost), queue=4, elsewhere=2).impacts
    assert (hit.event, hit.lost, hit.lost_otherwise) == ("dig", 2, 4)


def test_a_probe_lost_just_before_an_event_does_not_take_its_outage_away():
    lost = [98, *range(100, 120)]
    (hit,) = counted(plan_with(CUT), probes_of(NEAR, lost), random=1, dig=20).impacts
    assert (hit.lost, hit.out_ms) == (20, 200.0)
    (joined,) = counted(plan_with(CUT), probes_of(NEAR, range(97, 120)), random=1, dig=20).impacts
    assert joined.lost == 20


def test_what_was_dark_from_the_beginning_of_an_event_comes_before_what_a_queue_took_later():
    lost = [100, 101, *range(110, 116)]
    (hit,) = counted(plan_with(CUT), probes_of(NEAR, lost), queue=6, dig=2).impacts
    assert (hit.lost, hit.out_ms, hit.over_ms) == (2, 20.0, 20.0)


def test_a_surprise_is_one_where_a_path_was_dark():
    hits = counted(plan_with(CUT), probes_of(FAR, [120, 121]), dig=2).impacts
    assert [(one.demand, one.expected, one.lost) for one in hits] == [("far", False, 2)]


def test_what_an_event_has_fibres_lose_at_random_is_of_it():
    worse = event("worse", 1000, 2000, impact(NEAR, out_ms=None), kind="degrade")
    losses = counted(plan_with(worse), probes_of(NEAR, [120, 150]), random=2)
    assert losses.impacts[0].lost == 2


def test_the_warm_up_and_what_policies_keep_back_are_no_outage_of_a_later_event():
    law = event("law", 1000, None, impact(SILENT), kind="policies", what="x")
    kept = replace(plan_with(law, silent_rtt_ns=None))
    before = probes_of(SILENT, range(100))
    warm_up = probes_of(SILENT, range(3), phase=0)[:3]
    probes = Probes.of(np.concatenate([warm_up, before]))
    (hit,) = counted(kept, probes, policy=103).impacts
    assert (hit.lost, hit.out_ms) == (0, 0.0)


def expected(options, *, until_ms=2000, said=(), lost=(), later=()):
    one = event("want", 1000, until_ms, kind="expect", what="near", options=options)
    found = expectations(probes_of(NEAR, lost, later=later), plan_with(one), EPOCH_NS, said)
    return {row.of: (row.expected, row.found, row.holds) for row in found}


def test_bounds_are_of_the_probes_sent_while_an_expectation_lasts():
    bounds = {"p50": 10 * MS, "max": 15 * MS, "lost": 0}
    found = expected(bounds, lost=[99, 200], later=[*range(100, 103), 300])
    assert found == {
        "p50": (10.0, 10.0, True),
        "max": (15.0, 16.0, False),
        "lost": (0, 0, True),
    }


def test_a_quantile_over_too_few_answers_cannot_be_judged_and_does_not_hold():
    one = event("want", 1000, 2000, kind="expect", what="near", options={"p99": 16 * MS})
    (few,) = expectations(probes_of(NEAR), plan_with(one), EPOCH_NS, ())
    assert (few.found, few.holds) == (None, False)
    assert few.left_out == "needs 1000 values, and there are 100"
    whole = event("want", 0, 10_000, kind="expect", what="near", options={"p99": 16 * MS})
    (enough,) = expectations(probes_of(NEAR), plan_with(whole), EPOCH_NS, ())
    assert (enough.found, enough.holds) == (10.0, True)


def test_a_bound_on_nothing_that_was_answered_does_not_hold():
    assert expected({"max": 10 * MS}, lost=range(100, 200)) == {"max": (10.0, None, False)}


def test_a_status_is_the_last_that_the_controller_told_by_then():
    def told(at_ms, status, demand="near"):
        at_ns = EPOCH_NS + START_NS + at_ms * MS
        return StatusEvent(at_ns=at_ns, demand=demand, status=status)

    said = [told(500, "ALT"), told(900, "DOWN", "far"), told(1900, "UP"), told(2100, "DOWN")]
    assert expected({"status": "UP"}, said=said) == {"status": ("UP", "UP", True)}
    assert expected({"status": "UP"}, until_ms=1800, said=said) == {"status": ("UP", "ALT", False)}
    assert expected({"status": "UP"}) == {"status": ("UP", "UP", True)}


@pytest.mark.parametrize(
    ("kind", "lost", "hits", "warned"),
    [
        ("refused", (), 0, "law was refused: unlawful"),
        ("refused", range(120, 130), 1, "law was refused: unlawful"),
        ("late", (), 1, "the controller did not answer law: packets are checked against"),
    ],
)
def test_of_a_request_that_was_refused_nothing_was_to_come(tmp_path, kind, lost, hits, warned):
    law = event("law", 1000, None, impact(NEAR, out_ms=None), kind="policies", what="mine")
    answer = {"ok": False, "kind": kind, "reason": "unlawful"}
    times = {"planned_ns": 0, "began_ns": 0, "ended_ns": 0, "answered_ns": 0}
    made = [{"do": "set-policies", "what": "mine", "event": "law", "answer": answer, **times}]
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / timeline.CHANGES).write_text(json.dumps(made))
    (tmp_path / "raw" / "controller_events.jsonl").touch()
    hosts = [SimpleNamespace(epoch_ns=EPOCH_NS)]
    found = timeline.timeline_of(
        tmp_path, plan_with(law), probes_of(NEAR, lost), hosts, Account(None)
    )
    (told,) = found.events
    assert len(told.hits) == hits
    assert told.refused == ("unlawful" if kind == "refused" else None)
    assert [one for one in found.warnings if one.startswith(warned)]
    kept = tmp_path / "events.parquet"
    assert (len(pq.read_table(kept)) if kept.exists() else 0) == hits


def test_probes_that_were_under_way_as_an_event_began_are_hit_by_it():
    sent_ns = np.array([0, 995, 1000, 1100]) * MS
    cut = SimpleNamespace(begin_ns=1000 * MS, end_ns=1100 * MS)
    assert event_impacts._at_once(cut, sent_ns, 5 * MS).tolist() == [False, True, True, False]
    assert event_impacts._at_once(cut, sent_ns, 4 * MS).tolist() == [False, False, True, False]
