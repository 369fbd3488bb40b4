"""Sessions of BFD over fibres that fail: how soon an end is down, and how slowly it comes up."""

import math
from random import Random

import pytest

from corridor.experiments.plan.bfd_sessions import Line, Span, turns

MS, S = 10**6, 10**9
INTERVAL_NS, ONE_WAY_NS = 15 * MS, 4 * MS
NEVER = 100 * S


def ups_and_downs(*both, toward_one=(), draw=0, until_ns=NEVER, **line):
    lost = (tuple(both) + tuple(toward_one), tuple(both))
    found = turns(Line(ONE_WAY_NS, lost, **line), INTERVAL_NS, Random(draw), until_ns)
    return [(one.at_ns, one.end, one.up) for one in found]


def of(found, *, up):
    return [at_ns for at_ns, _, is_up in found if is_up == up]


@pytest.mark.parametrize("draw", range(10))
def test_both_ends_are_down_within_three_intervals_of_silence(draw):
    down = of(ups_and_downs(Span(2 * S, 4 * S), draw=draw), up=False)
    assert len(down) == 2
    assert all(2 * INTERVAL_NS <= at - 2 * S <= 3 * INTERVAL_NS + ONE_WAY_NS for at in down)


@pytest.mark.parametrize("draw", range(10))
@pytest.mark.parametrize("lasts_ns", [300 * MS, S, 5 * S, 60 * S])
def test_a_session_comes_up_no_faster_than_by_packets_a_second_apart(draw, lasts_ns):
    """RFC 5880, 6.8.3: three of them at least, the first of which may be due at once."""
    mended_ns = 2 * S + lasts_ns
    up = of(ups_and_downs(Span(2 * S, mended_ns), draw=draw), up=True)
    assert len(up) == 2
    assert 750 * MS <= max(up) - mended_ns <= 3 * S


def test_what_is_shorter_than_detection_is_not_noticed():
    assert ups_and_downs(Span(2 * S, 2 * S + INTERVAL_NS)) == []


def test_a_fibre_that_fails_one_way_is_down_for_both():
    found = ups_and_downs(toward_one=[Span(2 * S, 4 * S)])
    assert {end for _, end, up in found if not up} == {0, 1}
    first, then = of(found, up=False)[:2]
    assert then - first <= INTERVAL_NS + ONE_WAY_NS  # it is reported


def test_one_that_is_cut_again_while_it_comes_up_may_wait_for_the_end_of_that():
    """An end that is up already speaks every 15 ms, though nothing arrives."""
    again = Span(4 * S, 5 * S)
    ends = {ups_and_downs(Span(2 * S, 3 * S), again, draw=draw)[-1][0] for draw in range(10)}
    assert any(5 * S < at < 5 * S + INTERVAL_NS + ONE_WAY_NS for at in ends)


def test_a_delay_that_grows_by_more_than_detection_takes_a_session_down():
    slower = ((Span(2 * S, 4 * S), 60 * MS),)
    assert of(ups_and_downs(slower=slower), up=False)
    assert ups_and_downs(slower=((Span(2 * S, 4 * S), 20 * MS),)) == []


def test_ends_that_start_again_come_up_within_a_second():
    found = ups_and_downs(resets=(2 * S,))
    assert of(found, up=False) == [2 * S, 2 * S]
    assert all(2.7 * S < at < 3.1 * S for at in of(found, up=True))


def test_nothing_is_said_of_what_lasts_or_never_happens():
    assert ups_and_downs() == []
    assert len(ups_and_downs(Span(2 * S, math.inf))) == 2
    assert ups_and_downs(Span(2 * S, 3 * S), until_ns=S) == []


def test_the_same_draw_is_the_same_session():
    cut = Span(2 * S, 3 * S)
    assert ups_and_downs(cut, draw=3) == ups_and_downs(cut, draw=3)
    assert ups_and_downs(cut, draw=3) != ups_and_downs(cut, draw=4)
