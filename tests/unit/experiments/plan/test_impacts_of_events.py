"""What a plan expects events to do to demands of mini, before anything is built."""

import pytest

from corridor.experiments.plan.plan import make_plan
from kinds_lab import loaded

MS = 1_000_000
DEMANDS = """\
demands:
  - {id: ckpt, class: ckpt, src: guian, dst: karachi}
  - {id: infer, class: infer, src: bangkok, dst: guian}
  - {id: home, class: dr, src: shanghai, dst: guian}
"""
RULED = """\
demands:
  - {id: ckpt, class: ckpt, data: cn-general-exempt, returns: same-class, src: guian,
     dst: karachi}
"""
POLICIES = "policies: none\nas_of: 2026-11-24\n"
BFD = "network: {bfd: 15ms}\n"
CKPT, INFER, HOME = range(3)
HOLD_AND_FLIP_NS = 120 * MS
RESTORED_NS = 52 * MS
"""After switches have started again in the virtual clock: they connect, and are looked at."""
QUIET_NS = 20_000 * MS
DIRECT, DETOUR = ("guian", "kunming", "karachi"), ("guian", "shanghai", "kunming", "karachi")


@pytest.fixture
def plan(tmp_path):
    def made(*events, more="", demands=DEMANDS, count=400):
        timeline = "timeline:\n" + "".join(f"  - {{{event}}}\n" for event in events)
        scenario = loaded(tmp_path, f"probe: {{count: {count}}}\n{more}{timeline}", demands)
        return make_plan(scenario, clock="virtual", run_id="c0", seed=1)

    return made


def impacts(plan, number=0):
    return {one.demand: one for one in plan.events[number].impacts}


def test_a_cut_is_followed_once_failures_have_been_waited_for(plan):
    made = plan("at: 1s, for: 1s, cut: guian-kunming")
    found = impacts(made)
    assert found.keys() == {CKPT, INFER}
    hit = found[CKPT]
    assert hit.before_rtt_ns == made.demands[CKPT].predicted_rtt_ns
    assert hit.bridged_rtt_ns is None
    assert hit.followed_rtt_ns > hit.before_rtt_ns
    assert (hit.hubs_then, hit.out_ns) == (DETOUR, HOLD_AND_FLIP_NS)


def test_a_cut_that_nobody_follows_lasts_as_long_as_it_is_there(plan):

    hit = impacts(
        plan("at: 1s, for: 1s, cut: guian-kunming", more="controller: {follow: false}\n")
    )[CKPT]
    assert (hit.bridged_rtt_ns, hit.followed_rtt_ns) == (None, None)
    assert (hit.hubs_then, hit.out_ns) == ((), 1000 * MS)


def test_what_comes_to_a_fibre_after_it_is_mended_was_sent_while_it_was_cut(plan):
    made = plan("at: 1s, for: 1s, cut: guian-kunming", more="controller: {follow: false}\n")
    reaches_it_ns = 10_900_000  # from Bangkok
    assert impacts(made)[INFER].out_ns == pytest.approx(1000 * MS - reaches_it_ns, abs=MS // 10)


def test_a_cut_that_is_over_before_it_is_followed_lasts_as_long_as_it_is_there(plan):
    assert impacts(plan("at: 1s, for: 100ms, cut: guian-kunming"))[CKPT].out_ns == 100 * MS


def test_a_cut_that_is_never_mended_is_out_until_the_run_ends(plan):
    made = plan("at: 1s, cut: guian-kunming", more="controller: {follow: false}\n")
    assert impacts(made)[CKPT].out_ns is None
    assert made.events[0].back_ns is None


def test_what_switches_bridge_is_not_out_and_a_following_controller_betters_it(plan):
    hit = impacts(plan("at: 1s, for: 1s, cut: guian-kunming", more="protect: {k: 1}\n"))[CKPT]
    assert hit.bridged_rtt_ns >= hit.followed_rtt_ns > hit.before_rtt_ns
    assert hit.out_ns == 0


@pytest.mark.parametrize("flag", ["silent: true", "toward: kunming"])
@pytest.mark.parametrize(("protect", "out_ms"), [(0, 45 + 120), (1, 45)])
def test_a_silent_cut_is_noticed_within_three_intervals_of_bfd(plan, flag, protect, out_ms):
    """The last packet of a session came up to an interval before, and one end may hear of it from
    the other."""
    event = f"at: 1s, for: 1s, cut: guian-kunming, {flag}"
    hit = impacts(plan(event, more=f"{BFD}protect: {{k: {protect}}}\n"))[CKPT]
    least_ns, most_ns = hit.out_within_ns
    assert least_ns <= hit.out_ns <= most_ns
    assert (out_ms - 15) * MS <= least_ns < most_ns <= (out_ms + 15) * MS
    assert hit.share == 1.0


def test_a_drain_moves_demands_and_loses_nothing(plan):
    hit = impacts(plan("at: 1s, for: 1s, drain: guian-kunming"))[CKPT]
    assert hit.bridged_rtt_ns == hit.before_rtt_ns < hit.followed_rtt_ns
    assert (hit.hubs_then, hit.out_ns) == (DETOUR, 0)


def test_a_degraded_fibre_delays_those_that_stay_on_it(plan):
    hit = impacts(plan("at: 1s, for: 1s, degrade: guian-kunming, delay: 5ms"))[CKPT]
    assert hit.followed_rtt_ns == hit.bridged_rtt_ns == hit.before_rtt_ns + 10 * MS
    assert (hit.hubs_then, hit.out_ns) == (DIRECT, 0)


def test_a_dark_hub_takes_its_own_demands_away_for_as_long_as_it_lasts(plan):
    found = impacts(plan("at: 1s, for: 1s, hub: karachi"))
    assert found.keys() == {CKPT}
    assert (found[CKPT].followed_rtt_ns, found[CKPT].out_ns) == (None, 1000 * MS + HOLD_AND_FLIP_NS)
    passing = impacts(plan("at: 1s, for: 1s, hub: kunming"))
    assert HOME not in passing
    assert passing[CKPT].followed_rtt_ns > passing[CKPT].before_rtt_ns
    assert "kunming" not in passing[CKPT].hubs_then


def test_a_partition_takes_all_of_a_jurisdiction(plan):
    found = impacts(plan("at: 1s, for: 1s, partition: TH"))
    assert found[INFER].followed_rtt_ns is None
    assert HOME not in found


def test_policies_that_forbid_lose_what_they_forbid(plan):
    made = plan(
        "at: 1s, policies: cn-outbound",
        more=POLICIES,
        demands=RULED.replace("cn-general-exempt", "cn-core-none"),
    )
    hit = impacts(made)[CKPT]
    assert hit.before_rtt_ns == hit.bridged_rtt_ns == made.demands[CKPT].predicted_rtt_ns
    assert (hit.followed_rtt_ns, hit.hubs_then, hit.out_ns) == (None, (), None)


def test_policies_that_allow_with_a_gateway_find_one_standing(plan):
    made = plan("at: 1s, policies: cn-outbound", more=POLICIES, demands=RULED)
    assert {one.hub for one in made.gateways} >= {"kunming", "shanghai"}
    assert [one.followed_rtt_ns is None for one in impacts(made).values()] in ([], [False])
    assert made.changes[0].options["set"]["name"] == "cn-outbound"
    assert made.events[0].options == {}


def test_a_controller_that_starts_while_something_is_dead_waits_for_it(plan):
    made = plan("at: 1s, for: 2s, kill: controller", "at: 1500ms, for: 2500ms, cut: guian-kunming")
    assert impacts(made, 0) == {}
    whole_again_ns = 2500 * MS  # until then it waits for what it finds dead at its start
    assert impacts(made, 1)[CKPT].out_ns == whole_again_ns


def test_a_restart_empties_every_table(plan):
    found = impacts(plan("at: 1s, restart: switches"))
    assert found.keys() == {CKPT, INFER, HOME}
    assert {one.out_ns for one in found.values()} == {RESTORED_NS}
    assert all(one.followed_rtt_ns == one.before_rtt_ns for one in found.values())


def test_what_lasts_when_an_event_begins_is_known_to_it(plan):
    made = plan(
        "at: 1s, for: 2s, cut: guian-kunming",
        "at: 2s, for: 500ms, degrade: guian-kunming, rate: 5%",
    )
    assert impacts(made, 0)[CKPT].out_ns == HOLD_AND_FLIP_NS
    assert impacts(made, 1) == {}


def test_options_that_are_not_given_are_left_out_and_zero_is_given(plan):
    made = plan("at: 0s, for: 1s, expect: ckpt, lost: 0", "at: 1s, for: 1s, cut: guian-kunming")
    assert [one.options for one in made.events] == [{"lost": 0}, {}]


def test_events_that_begin_together_see_each_other(plan):
    made = plan(
        "at: 1s, for: 1s, cut: guian-kunming", "at: 1s, for: 1s, hub: karachi", more=POLICIES
    )
    assert all(impacts(made, number)[CKPT].followed_rtt_ns is None for number in (0, 1))


def test_a_fibre_that_loses_packets_hits_who_is_on_it_for_as_long_as_it_does(plan):
    found = impacts(plan("at: 1s, for: 1s, degrade: guian-kunming, loss: 5%"))
    assert {number: one.out_ns for number, one in found.items()} == {CKPT: None, INFER: None}


FLAPS = "at: 1s, flap: guian-kunming, down: 300ms, up: 200ms"


def test_a_fibre_that_flaps_is_held_out_until_it_has_been_quiet(plan):
    made = plan(FLAPS, "at: 4s, for: 500ms, cut: guian-kunming", count=1400)
    flaps, cut = made.events
    mended_ns = cut.end_ns + QUIET_NS
    assert flaps.back_ns == pytest.approx(mended_ns + 20 * MS, abs=MS)
    hit = impacts(made, 0)[CKPT]
    assert hit.out_ns > 300 * MS  # tables of the first detour flip back while it is down again
    assert hit.hubs_then == DETOUR
    assert cut.impacts == ()  # no demand uses it


def test_two_failures_in_a_row_do_not_hold_a_fibre_out(plan):
    made = plan(
        "at: 1s, for: 300ms, cut: guian-kunming",
        "at: 2s, for: 300ms, cut: guian-kunming",
    )
    for number in (0, 1):
        hit = impacts(made, number)[CKPT]
        assert hit.before_rtt_ns == made.demands[CKPT].predicted_rtt_ns
        assert hit.out_ns == HOLD_AND_FLIP_NS
        assert made.events[number].back_ns == made.events[number].end_ns + HOLD_AND_FLIP_NS


def test_the_next_event_finds_a_session_of_bfd_down(plan):
    made = plan(
        "at: 1s, for: 300ms, cut: guian-kunming",
        "at: 2s, for: 5ms, drain: shanghai-guian",
        more=BFD,
    )
    mended_ns = made.events[0].end_ns
    assert mended_ns + 500 * MS < made.events[0].back_ns < mended_ns + 2200 * MS
    assert impacts(made, 1)[CKPT].before_rtt_ns == impacts(made, 0)[CKPT].followed_rtt_ns


def test_a_partition_is_out_until_sessions_are_up_and_followed(plan):
    hit = impacts(plan("at: 1s, for: 500ms, partition: TH", more=BFD))[INFER]
    least_ns, most_ns = hit.out_within_ns
    assert 500 * MS + 500 * MS < least_ns <= hit.out_ns <= most_ns < 500 * MS + 2300 * MS


def test_a_switch_away_keeps_the_controller_from_following(plan):
    made = plan("at: 1s, for: 1s, switch: kunming", "at: 1200ms, for: 3s, cut: guian-kunming")
    looks_ns = 50 * MS
    out_ns = impacts(made, 1)[CKPT].out_ns
    assert 800 * MS < out_ns <= 800 * MS + looks_ns + HOLD_AND_FLIP_NS


def test_the_same_plan_foresees_the_same(plan):
    events = "at: 1s, for: 1s, cut: guian-kunming, silent: true", "at: 3s, for: 1s, partition: TH"
    assert plan(*events, more=BFD).events == plan(*events, more=BFD).events
