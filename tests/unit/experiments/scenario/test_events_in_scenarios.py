"""Events of a scenario: their names, what they count from, and when they are."""

import pytest

from corridor.experiments.plan.plan import make_plan
from corridor.topologies.base.errors import InputError
from kinds_lab import DEMANDS, HEAD, loaded

S = 1_000_000_000
FIRST = HEAD.count("\n") + 2
"""The line of the first event."""
ANY = "cut: guian-kunming"
PROBES = "probe: {count: 200}\n"
HEAVY = DEMANDS.replace("}", ", throughput: {udp: 50%}}")


def timeline(*events):
    return "timeline:\n" + "".join(f"  - {{{event}}}\n" for event in events)


def placed(folder, *events, demands=DEMANDS, more=PROBES):
    """By id, when each event begins and ends, in seconds after the start of probing."""
    scenario = loaded(folder, timeline(*events) + more, demands)
    plan = make_plan(scenario, clock="virtual", run_id="c0", seed=1)

    def after_start(at_ns):
        return None if at_ns is None else (at_ns - plan.start_ns) / S

    return {one.id: (after_start(one.begin_ns), after_start(one.end_ns)) for one in plan.events}


def refused(folder, says, *events, line=FIRST, more="", demands=DEMANDS):
    with pytest.raises(InputError, match=says) as caught:
        loaded(folder, timeline(*events) + more, demands)
    assert caught.value.line == line
    assert "\n" not in str(caught.value)


def refused_by_the_plan(folder, says, *events):
    with pytest.raises(InputError, match=says) as caught:
        placed(folder, *events)
    assert caught.value.file.endswith("mine.yaml")
    assert caught.value.line is not None
    assert "\n" not in str(caught.value)


def test_events_count_from_the_start_from_the_end_and_from_each_other(tmp_path):
    found = placed(
        tmp_path,
        "at: second.end + 100ms, until: end - 500ms, hub: bangkok",
        "id: first, at: 500ms, for: 200ms, cut: guian-kunming",
        "id: second, at: first + 100ms, until: first.end + 1s, drain: shanghai-guian",
    )
    assert found["first"] == (0.5, 0.7)
    assert found["second"] == (0.6, 1.7)
    begin, end = found["hub-bangkok"]
    assert begin == pytest.approx(1.8)
    assert end == pytest.approx(199 * 0.02 - 0.5)
    assert list(found) == ["first", "second", "hub-bangkok"]


def test_an_event_with_no_id_is_named_after_what_it_does(tmp_path):
    found = placed(
        tmp_path,
        "at: 1s, for: 100ms, cut: guian-kunming",
        "at: 2s, for: 100ms, cut: guian-kunming",
        'at: 1s, for: 100ms, group: "corridor:karakoram"',
        "id: cut-guian-kunming-3, at: 3s, for: 100ms, cut: guian-kunming",
        "at: 2500ms, for: 100ms, cut: guian-kunming",
    )
    assert found.keys() == {
        "cut-guian-kunming",
        "cut-guian-kunming-2",
        "group-corridor-karakoram",
        "cut-guian-kunming-3",
        "cut-guian-kunming-4",
    }


def test_a_fault_in_short_is_an_event_like_another(tmp_path):
    faults = "faults:\n  - {at: 500ms, until: 900ms, cut: guian-kunming}\n"
    found = placed(tmp_path, "at: cut-guian-kunming.end, day: 2027-07-01", more=PROBES + faults)
    assert found == {"cut-guian-kunming": (0.5, 0.9), "day-2027-07-01": (0.9, None)}


def test_the_end_of_what_ends_by_itself_is_a_moment(tmp_path):
    found = placed(
        tmp_path,
        "id: shaky, at: 1s, flap: guian-kunming, times: 2, down: 100ms, up: 50ms",
        "at: shaky.end, day: 2027-07-01",
    )
    assert found == {"shaky": (1.0, 1.25), "day-2027-07-01": (1.25, None)}


def test_streams_are_a_moment_wherever_the_first_of_them_is(tmp_path):
    mark = "id: mark, at: streams + 100ms, day: 2027-07-01"
    beside = "at: 1s, for: 500ms, stream: one, share: 50%"
    assert placed(tmp_path, mark, beside)["mark"][0] == 1.1
    alone = placed(tmp_path, mark, demands=HEAVY)["mark"][0]
    assert alone > 200 * 0.02
    two = HEAVY + "  - {id: two, class: dr, src: guian, dst: shanghai}\n"
    first = placed(tmp_path, mark, beside.replace("one", "two"), demands=two)["mark"][0]
    assert first == 1.1


def test_a_stream_may_not_count_from_streams(tmp_path):
    refused(
        tmp_path,
        '"stream-one" counts from itself',
        "at: streams + 1s, for: 1s, stream: one, share: 50%",
    )


def test_policies_that_do_not_know_a_demands_data_are_refused_before_anything_runs(tmp_path):
    """The controller would refuse them while traffic flows."""
    (tmp_path / "other.yaml").write_text(
        "name: other\noutside: deny\n"
        "classes: [{id: own, origin: CN, sensitivity: general, basis: exempt}]\n"
        "policies: [{id: P, effect: permit, match: {class: own}}]\n"
    )
    says = 'under other.yaml demand "[a-z]*" has the unknown data class'
    asked = DEMANDS.replace("src:", "data: cn-general-exempt, returns: same-class, src:")
    more = PROBES + "policies: cn-outbound\n"
    refused(tmp_path, says, "at: 1s, policies: other.yaml", demands=asked, more=more)
    (tmp_path / "other.yaml").write_text("name: other\noutside: deny\npolicies: [{id: P}]\n")
    says = 'other.yaml:3: policies\\[0\\] has no "effect"'
    with pytest.raises(InputError, match=says):
        loaded(tmp_path, timeline("at: 1s, policies: other.yaml") + more, asked)


def test_streams_that_policies_keep_back_are_no_moment(tmp_path):
    kept = HEAVY.replace("udp: 50%}", "udp: 50%}, data: cn-core-none, returns: same-class")
    with pytest.raises(InputError, match="all of them are blocked"):
        placed(
            tmp_path,
            "at: streams, cut: guian-kunming",
            demands=kept,
            more=f"{PROBES}policies: cn-outbound\nas_of: 2026-11-24\n",
        )


@pytest.mark.parametrize(
    ("at", "says"),
    [
        ("at: red-sea", 'no moment is called "red-sea"'),
        ("at: 1s, until: red-sea.end", 'no moment is called "red-sea.end"'),
        ("at: streams", "no demand sends a stream in this scenario"),
        ("at: start - 1s", "is before the start"),
        ("at: 1s, until: 2s, for: 1s", "give until or for, not both"),
        ("at: 1", "no unit"),
        ("at: 1s, for: 0s", "must be positive"),
        ("until: 1s", "at"),
        ("id: Red Sea, at: 1s", "id"),
        ("id: end, at: 1s", '"end" is a moment of every run'),
    ],
)
def test_a_time_that_is_none_is_refused_at_its_line(at, says, tmp_path):
    refused(tmp_path, says, f"{at}, {ANY}")


def test_a_name_is_hinted_at(tmp_path):
    with pytest.raises(InputError, match='no moment is called "red-see"') as caught:
        loaded(tmp_path, timeline(f"id: red-sea, at: 1s, {ANY}", "at: red-see, hub: bangkok"))
    assert "red-sea" in (caught.value.hint or "")


def test_events_that_count_from_each_other_are_refused(tmp_path):
    a, b = "id: a, at: b + 1s, for: 1s, cut: guian-kunming", "id: b, at: a.end, hub: bangkok"
    refused(tmp_path, '"a" counts from itself', a, b)
    refused(tmp_path, '"a" counts from itself', f"id: a, at: 1s, until: a + 1s, {ANY}")


def test_an_id_is_given_once(tmp_path):
    refused(tmp_path, '"a" is used 2 times', f"id: a, at: 1s, {ANY}", "id: a, at: 1s, hub: bangkok")


@pytest.mark.parametrize(
    ("events", "says"),
    [
        (["at: end - 1h, hub: bangkok"], "begins before the first probe is sent"),
        (["at: 1h, hub: bangkok"], "and the last packet is sent at"),
        (["at: 2s, until: end - 3s, hub: bangkok"], "ends before it has begun"),
        (["at: 1s, for: 1h, hub: bangkok"], "over"),
        (["at: 1s, until: 1s, hub: bangkok"], "ends before it has begun"),
        (["id: a, at: 1s, hub: bangkok", "at: a.end, day: 2027-07-01"], "no end to count from"),
        (
            ["id: a, at: 1s, for: 1s, hub: bangkok", "id: b, at: a + 500ms, hub: bangkok"],
            "b.* begins while a lasts",
        ),
        (
            ["id: a, at: 1s, hub: bangkok", "id: b, at: end - 1s, hub: bangkok"],
            "b.* begins while a lasts",
        ),
    ],
)
def test_times_that_do_not_fit_are_refused_once_they_are_known(events, says, tmp_path):
    refused_by_the_plan(tmp_path, says, *events)


def test_what_follows_is_said_or_is_what_happens(tmp_path):
    event = timeline(f"at: 1s, {ANY}")
    off = "controller: {follow: false}\n"
    for text, follows in (
        ("", False),
        (event, True),
        (f"faults:\n  - {{at: 1s, {ANY}}}\n", True),
        (event + off, False),
        ("controller: {follow: true}\n", True),
        (f"{event}cuts: {{}}\n", False),
    ):
        assert loaded(tmp_path, text).scenario.follows == follows, text


@pytest.mark.parametrize(
    ("event", "says"),
    [
        ("at: 1s, for: 1s, cut: guian-kunming, toward: bangkok", "does not lead to bangkok"),
        ("at: 1s, for: 1500ms, transfer: one", "a transfer lasts whole seconds"),
        ("at: 1s, for: 1s, expect: one", "nothing is expected"),
        ("at: 1s, for: 1s, expect: one, status: FINE", "no status is called FINE"),
        ("at: 1s, for: 1s, kill: controllers", "unknown process"),
        ("at: 1s, kill: controller", "kill lasts: give until or for"),
        ("at: 1s, restart: controller", "unknown process"),
        ("at: 1s, policies: atlantis", "no policy set"),
        ("at: 1s, day: 2027-13-01", "day"),
        ("at: 1s, for: 1s, flap: guian-kunming, down: 1ms, up: 1ms", "has its own end"),
    ],
)
def test_what_cannot_happen_is_refused_at_its_line(event, says, tmp_path):
    refused(tmp_path, says, event, more="network: {bfd: 15ms}\n")


def test_a_demand_has_a_throughput_or_is_loaded_by_the_timeline(tmp_path):
    event = "at: 1s, for: 1s, stream: one, share: 50%"
    refused(tmp_path, "has a throughput already", event, demands=HEAVY)


@pytest.mark.parametrize("load", ["stream: one, share: 50%", "transfer: one"])
def test_a_demand_has_one_load_of_a_kind_at_most(load, tmp_path):
    twice = (f"at: {at}, for: 1s, {load}" for at in ("0s", "2s"))
    refused(tmp_path, f'"one" has a {load.split(":")[0]} already', *twice, line=FIRST + 1)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("", "degrade: nothing gets worse; give one of rate, delay, loss"),
        (", rate: 0%", "rate must be more than 0%, not 0%"),
        (", rate: 101%", "rate must be at most 100%"),
        (", rate: 10Mbit", "needs a percent sign"),
        (", delay: -1ms", "must not be negative"),
        (", delay: 11s", "delay must be at most 10s"),
        (", loss: 0%", "loss must be more than 0%, not 0%"),
    ],
)
def test_a_fibre_that_cannot_be_degraded_so_is_refused_in_one_line(given, says, tmp_path):
    refused(tmp_path, says, f"at: 500ms, degrade: guian-kunming{given}")
