"""Events and expectations of a run as text."""

from corridor.experiments.text.event_text import events_table, expectations_lines
from typed_summary import typed

HIT = {
    "demand": "results-zhongwei-islamabad-second",
    "expected": True,
    "lost": 22,
    "out_ms": 1233.333333,
    "expected_out_ms": 1620.5,
    "expected_out_within_ms": None,
    "share": 1.0,
    "over_ms": 130.0,
    "rtt_before_ms": 1094.185984,
    "expected_rtt_before_ms": 94.1859,
    "rtt_then_ms": 1144.580352,
    "expected_rtt_then_ms": 1144.579,
    "path_then": ["guian"],
}


def event(*hits, **more):
    told = {"id": "dig", "kind": "cut", "what": "aae-1-hongkong-songkhla-branch-of-it"}
    times = {"options": {}, "at_ms": 12500.0, "until_ms": 13000.0}
    return {**told, **times, "back_ms": None, "refused": None, "hits": list(hits), **more}


def table(*events, unexplained=0):
    demands = [{"lost_by": {"unexplained": unexplained, "dig": 7}}, {}]
    return events_table(typed({"events": list(events), "demands": demands})).splitlines()


def test_all_is_within_a_hundred_characters():
    refusal = "the installed tables with both versions violate C0"
    lines = table(event(HIT, {**HIT, "expected": False}), event(refused=refusal), unexplained=12)
    assert max(map(len, lines)) <= 100


def test_an_event_has_a_line_and_so_has_each_demand_that_it_put_out():
    lasting = {**HIT, "expected_out_ms": None, "expected_rtt_then_ms": None}
    lossy = {**HIT, "expected_out_ms": None, "out_ms": 0.0}
    lines = table(event(HIT, {**lasting, "lost": 3}, lossy))
    assert lines[2].startswith("dig: cut aae-1-hongk...")
    assert lines[2].split()[3:] == ["12.5", "s", "13", "s", "3", "47"]
    assert "results-zhongwei-i" in lines[3]
    assert "1233 ms" in lines[3]
    assert "1620 ms" in lines[3]
    assert lines[3].rstrip().endswith("1144.580   1144.579")
    assert "until its end" in lines[4]
    assert "random loss" in lines[5]


def test_what_was_lost_meanwhile_otherwise_has_a_line_of_its_own():
    lines = table(event({**HIT, "lost_otherwise": 9}, {**HIT, "lost_otherwise": 3}))
    assert (
        lines[-1] == "dig: 12 more packets lost in the same period (queues, meters or random loss)"
    )
    assert len(table(event(HIT))) + 1 == len(lines) - 1


def test_what_one_lost_probe_counts_as_is_said_below_the_table():
    single = {**HIT, "lost": 1, "out_ms": 10.0, "expected_out_ms": 0.0}
    said = "one lost probe counts as an outage until the next probe (up to 10 ms)"
    assert table(event(single, HIT))[-1] == said
    assert said not in table(event(HIT))


def test_what_depends_on_random_intervals_is_expected_between_the_least_and_the_most():
    between = {**HIT, "expected_out_within_ms": (1739.8, 1951.8)}
    sure = {**HIT, "expected_out_within_ms": (1616.0, 1625.0), "out_ms": 1.0}
    lines = table(event(between, sure))
    assert "1740 to 1952 ms" in lines[3]
    assert "1620 ms" in lines[4]
    assert max(map(len, lines)) <= 100


def test_fibres_that_are_held_out_long_after_an_event_are_told_of():
    said = "dig: its fibres are predicted to be used again 20 s after its end"
    assert table(event(HIT, back_ms=33033.3))[-1] == said
    assert table(event(HIT, back_ms=13120.0))[-1] != said


def test_who_was_out_for_longest_is_named_first_and_the_others_are_counted():
    hits = [{**HIT, "demand": f"d{number}", "out_ms": float(number)} for number in range(6)]
    lines = table(event(*hits))
    assert [line.split()[0] for line in lines[3:6]] == ["d5", "d4", "d3"]
    assert lines[6].strip() == "and 3 more"


def test_a_surprise_a_refusal_and_what_nothing_explains_are_said():
    surprise = {**HIT, "expected": False, "expected_out_ms": 0.0, "rtt_then_ms": None}
    lines = table(event(surprise, refused="not now"), unexplained=12)
    assert "not predicted" in lines[3]
    assert "none" in lines[3]
    assert lines[-2:] == ["dig was rejected: not now", "12 lost probes have no known cause"]


def test_an_event_that_is_over_at_once_has_no_end():
    (line,) = table(event(id="day-2027-07-01", until_ms=None, kind="day", what="2027-07-01"))[2:]
    assert line.split() == ["day", "2027-07-01", "12.5", "s", "0", "0"]


def test_nothing_is_said_where_nothing_happens():
    assert events_table(typed({})) == ""
    assert expectations_lines(typed({})) == ""


UNJUDGED = (
    "expectation want cannot be evaluated: p99 of ckpt (expected at most 95.0): "
    "it needs 1000 values, and there are 50"
)


def one(holds, **more):
    row = {"id": "want", "demand": "ckpt", "of": "p99", "expected": 95.0, "found": 96.5}
    return {**row, "holds": holds, **more}


def test_expectations_that_hold_are_counted_and_others_told_one_a_line():
    assert expectations_lines(typed({"expectations": [one(True), one(True)]})) == (
        "all 2 expectations of the timeline are met"
    )
    unmet = [
        one(False),
        one(False, found=None),
        one(False, of="status", expected="UP", found="ALT"),
        one(False, found=None, left_out="needs 1000 values, and there are 50"),
    ]
    assert expectations_lines(typed({"expectations": [one(True), *unmet]})).splitlines() == [
        "expectation want not met: p99 of ckpt is 96.5 (expected at most 95.0)",
        "expectation want not met: p99 of ckpt is unknown: no reply (expected at most 95.0)",
        "expectation want not met: status of ckpt is ALT (expected UP)",
        UNJUDGED,
    ]
