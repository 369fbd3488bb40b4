"""Measures against a slow reading of their definitions, and against small cases done by hand."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.traffic.agents import records
from corridor.traffic.measures import metrics, samples

Row = tuple[int, ...]


def table(sender: list[Row], reflector: list[Row]) -> samples.Probes:
    """Rows are (kind, flags, seq, reflector_seq, intended, t1, t2, t3, t4) of demand 3."""

    def host(name: str, rows: list[Row]) -> samples.HostRecords:
        full = [
            (k, f, 255, 64, 0, 0, 3, seq, rseq, number, *times)
            for number, (k, f, seq, rseq, *times) in enumerate(rows)
        ]
        return samples.HostRecords(name, 0, "real", np.array(full, samples.RECORD_DTYPE), 0)

    return samples.join([host("a", sender), host("b", reflector)])


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Row], list[Row], dict[str, object]]:
    """Made-up traffic with losses, copies and reordering, and its measures by definition."""
    count = draw(st.integers(1, 40))
    sent, mirrored, replies = [], [], []
    lateness, forward_lost = [], 0
    for seq in range(count):
        intended = 1_000_000 * (seq + 1)
        t1 = intended + draw(st.integers(0, 5000))
        sent.append((records.SENT, 0, seq, 0, intended, t1, 0, 0, 0))
        lateness.append(t1 - intended)
        if draw(st.integers(0, 9)) == 0:
            forward_lost += 1
            continue
        t2 = t1 + draw(st.integers(1, 3_000_000))
        mirrored.append((t2, seq, t1, t2 + draw(st.integers(0, 900))))
    mirrored.sort()
    reflected = []
    for rseq, (t2, seq, t1, t3) in enumerate(mirrored):
        reflected.append((records.REFLECTED, 0, seq, rseq, 0, t1, t2, t3, 0))
        for _ in range(draw(st.sampled_from([0, 1, 1, 1, 1, 2]))):
            t4 = t3 + draw(st.integers(1, 3_000_000))
            replies.append((t4, seq, rseq, t1, t2, t3))
    replies.sort()
    came = [
        (records.REPLY, 0, seq, rseq, 0, t1, t2, t3, t4) for t4, seq, rseq, t1, t2, t3 in replies
    ]

    seen: list[int] = []
    rtt, there, back, reordered, expected = [], [], [], 0, 0
    for t4, seq, _, t1, t2, t3 in replies:
        if seq in seen:
            continue
        seen.append(seq)
        if seq >= expected:
            expected = seq + 1
        else:
            reordered += 1
        rtt.append(t4 - t1 - (t3 - t2))
        there.append(t2 - t1)
        back.append(t4 - t3)
    truth = {
        "sent": count,
        "received": len(seen),
        "duplicates": len(replies) - len(seen),
        "reordered": reordered,
        "lost": count - len(seen),
        "lost_forward": forward_lost,
        "lost_backward": len(mirrored) - len(seen),
        "rtt": rtt,
        "forward": there,
        "backward": back,
        "send_lateness": lateness,
    }
    return sent + came, reflected, truth


def slow_quantile(values: list[int], part: int, whole: int, tail: int) -> int | None:
    """The minimum value v with at least part/whole of the values not above it; null by the rule."""
    share = Fraction(part, whole)
    if len(values) * (1 - share) < tail:
        return None
    return min(v for v in values if Fraction(sum(w <= v for w in values), len(values)) >= share)


@given(histories())
def test_metrics_agree_with_their_definitions(
    history: tuple[list[Row], list[Row], dict[str, object]],
) -> None:
    sender, reflector, truth = history
    (found,) = metrics.by_demand(table(sender, reflector))
    for name in ("sent", "received", "duplicates", "reordered", "lost", "lost_forward"):
        if name == "lost_forward" and not reflector:
            continue
        assert getattr(found, name) == truth[name], name
    if reflector:
        assert found.lost_backward == truth["lost_backward"]
        assert found.lost_unattributed == 0
    for name in ("rtt", "forward", "backward", "send_lateness"):
        values = truth[name]
        assert isinstance(values, list)
        d = getattr(found, name)
        assert d.count == len(values)
        if not values:
            assert d.min_ns is d.max_ns is d.p50_ns is d.mean_ns is None
            continue
        assert (d.min_ns, d.max_ns) == (min(values), max(values))
        assert abs(Fraction(sum(values), len(values)) - d.mean_ns) <= Fraction(1, 2)
        tail = 1 if name == "send_lateness" else 10
        assert d.p50_ns == slow_quantile(values, 50, 100, tail)
        assert d.p95_ns == slow_quantile(values, 95, 100, tail)
        if name in ("forward", "backward"):
            spread = getattr(found, f"{name}_pdv")
            assert (spread.min_ns, spread.max_ns) == (0, max(values) - min(values))
            if d.p50_ns is not None:
                assert spread.p50_ns == d.p50_ns - min(values)


@pytest.mark.parametrize(
    ("count", "p50", "p95", "p99"),
    [(1, None, None, None), (19, None, None, None), (20, 10, None, None), (199, 100, None, None),
     (200, 100, 190, None), (999, 500, 950, None), (1000, 500, 950, 990)],
)  # fmt: skip
def test_metrics_quantiles_are_measured_values_and_null_where_too_few_carry_them(
    count: int, p50: int | None, p95: int | None, p99: int | None
) -> None:
    d = metrics.distribution(np.arange(count, 0, -1, dtype=np.int64))
    assert (d.p50_ns, d.p95_ns, d.p99_ns) == (p50, p95, p99)


def test_metrics_a_laxer_rule_for_tails_can_be_asked_for() -> None:
    d = metrics.distribution(np.arange(99, dtype=np.int64), tail_samples=1)
    assert (d.p95_ns, d.p99_ns) == (94, None)


def test_metrics_a_mean_of_large_stamps_does_not_overflow() -> None:
    values = np.full(5, (1 << 62) + 1, np.int64)
    assert metrics.distribution(values).mean_ns == (1 << 62) + 1


def reply(seq: int, rseq: int) -> Row:
    return (records.REPLY, 0, seq, rseq, 0, 10, 20, 21, 31)


def sent(seq: int, flags: int = 0) -> Row:
    return (records.SENT, flags, seq, 0, 9, 10, 0, 0, 0)


def test_metrics_a_foreign_reflectors_own_numbers_tell_the_direction_between_replies() -> None:
    """Of 0..9, 2 and 3 were lost out (no number spent), 5 back (number 3 spent), 9 who knows."""
    answered = [(0, 0), (1, 1), (4, 2), (6, 4), (7, 5), (8, 6)]
    rows = [sent(seq) for seq in range(10)] + [reply(*pair) for pair in answered]
    (found,) = metrics.by_demand(table(rows, []))
    assert (found.lost, found.lost_forward, found.lost_backward, found.lost_unattributed) == (
        4,
        2,
        1,
        1,
    )


def test_metrics_everything_behind_a_later_number_is_reordered_not_only_its_neighbour() -> None:
    """RFC 4737: in 0 3 1 2 4, both 1 and 2 came after 3; a copy of 0 at the end does not count."""
    arrivals = [0, 3, 1, 2, 4, 0]
    rows = [sent(seq) for seq in range(5)] + [reply(seq, 0) for seq in arrivals]
    (found,) = metrics.by_demand(table(rows, []))
    assert (found.reordered, found.duplicates) == (2, 1)


def test_metrics_a_probe_the_sender_could_not_send_is_not_lost() -> None:
    rows = [sent(0), sent(1, records.SEND_FAILED), reply(0, 0)]
    (found,) = metrics.by_demand(table(rows, []))
    assert (found.sent, found.send_failed, found.lost, found.loss) == (1, 1, 0, 0.0)


def test_metrics_of_a_demand_without_replies_are_null_not_zero() -> None:
    (found,) = metrics.by_demand(table([sent(0), sent(1)], []))
    assert (found.sent, found.received, found.loss) == (2, 0, 1.0)
    assert found.rtt.min_ns is None
    assert found.lost_unattributed == 2


def test_metrics_say_when_a_clock_step_made_a_delay_negative() -> None:
    rows = [sent(0), (records.REPLY, 0, 0, 0, 0, 10, 5, 6, 31)]
    assert metrics.by_demand(table(rows, []))[0].negative_delays == 1


def test_metrics_keep_demands_and_phases_apart_and_sorted() -> None:
    rows = np.zeros(4, samples.PROBE_DTYPE)
    rows["demand"] = [2, 1, 2, 1]
    rows["phase"] = [1, 0, 0, 1]
    rows["seq"] = [0, 1, 2, 3]
    rows["sent"] = True
    found = [(m.phase, m.demand) for m in metrics.by_demand(rows)]
    assert found == [(0, 1), (0, 2), (1, 1), (1, 2)]
    assert metrics.by_demand(rows[:0]) == []


def test_metrics_in_milliseconds_are_exact_to_the_nanosecond() -> None:
    (found,) = metrics.by_demand(table([sent(0), reply(0, 0)], []))
    assert (found.rtt.min_ns, found.rtt.ms().min, found.rtt.ms().p50) == (20, 0.00002, None)
