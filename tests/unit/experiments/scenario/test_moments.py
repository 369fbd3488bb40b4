"""Moments of a run, as scenarios write them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.experiments.scenario.moments import END, NAMED, START, STREAMS, Moment, parse_moment
from corridor.topologies.base.units import QuantityError

MS = 1_000_000
IDS = st.from_regex(r"[a-z][a-z0-9]*(-[a-zA-Z0-9:]+)*", fullmatch=True)
NAMES = st.sampled_from(NAMED) | IDS | IDS.map(lambda name: f"{name}.end")


@st.composite
def moments(draw):
    name, offset_ns = draw(NAMES), draw(st.integers(-(10**13), 10**13))
    return Moment(name, abs(offset_ns) if name == START else offset_ns)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2s", Moment(START, 2000 * MS)),
        (" 500ms ", Moment(START, 500 * MS)),
        ("0s", Moment(START, 0)),
        ("start", Moment(START, 0)),
        ("start + 1s", Moment(START, 1000 * MS)),
        ("streams+500ms", Moment(STREAMS, 500 * MS)),
        ("end - 1s", Moment(END, -1000 * MS)),
        ("red-sea", Moment("red-sea", 0)),
        ("red-sea.end + 10ms", Moment("red-sea.end", 10 * MS)),
        ("red-sea - 10ms", Moment("red-sea", -10 * MS)),
        ("partition-TH.end", Moment("partition-TH.end", 0)),
        ("group-corridor-karakoram", Moment("group-corridor-karakoram", 0)),
        ("day-2027-07-01 + 1s", Moment("day-2027-07-01", 1000 * MS)),
        ("policies-own.yaml + 1s", Moment("policies-own.yaml", 1000 * MS)),
    ],
)
def test_a_moment_is_a_time_after_the_start_or_beside_a_name(text, moment):
    assert parse_moment(text) == moment


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("start - 1s", "is before the start"),
        ("-1s", "negative"),
        ("5", "no unit"),
        (5, "no unit"),
        ("", "duration"),
        (None, "duration"),
        ("end + 5", "no unit"),
        ("end - 5 apples", "apples"),
        ("end 5s", "duration"),
        ("end +", "duration"),
        ("Red-sea + 1s", "duration"),
    ],
)
def test_what_is_no_moment_is_refused(text, says):
    with pytest.raises(QuantityError, match=re.escape(says)):
        parse_moment(text)


@given(moments())
def test_a_moment_reads_as_it_is_written(moment):
    assert parse_moment(str(moment)) == moment


@pytest.mark.parametrize(
    ("name", "event", "after"),
    [
        (START, "", False),
        (END, "", False),
        (STREAMS, "", False),
        ("cut-a", "cut-a", False),
        ("cut-a.end", "cut-a", True),
    ],
)
def test_a_moment_names_the_event_that_it_counts_from(name, event, after):
    moment = Moment(name, 1)
    assert (moment.event, moment.after_its_end) == (event, after)


def test_a_moment_is_written_as_people_write_it():
    told = [str(Moment(*one)) for one in ((START, 0), (END, -1000 * MS), ("a.end", 5), ("a", 0))]
    assert told == ["0ns", "end - 1s", "a.end + 5ns", "a"]
