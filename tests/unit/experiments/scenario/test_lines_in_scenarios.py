"""What scenarios say is random on fibres, and what a plan makes of it."""

import pytest

from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.errors import InputError
from corridor.topologies.model.line import Bursts

HEAD = "schema: 1\nname: random\ntopology: mini\nprobe: {count: 5}\n"
DEMANDS = "demands:\n  - {id: a, class: dr, src: shanghai, dst: guian}\n"


@pytest.fixture
def load(tmp_path):
    def loaded(network: str):
        file = tmp_path / "random.yaml"
        file.write_text(f"{HEAD}network: {network}\n{DEMANDS}")
        return load_scenario(str(file))

    return loaded


@pytest.fixture
def shape(load):
    """Of shanghai-guian, equal in both directions except for the seed."""

    def planned(network: str):
        plan = make_plan(load(network), clock="virtual", run_id="c0", seed=1)
        wire = next(one for one in plan.wiring.fibres if one.fibre == "shanghai-guian")
        assert wire.forward.seed != wire.backward.seed
        return wire.forward, plan.demands[0]

    return planned


def test_a_mean_loss_and_a_mean_burst_give_the_model_that_has_both(shape):
    got, _ = shape("{loss: 2%, line: {burst: 5}}")
    assert got.bursts is not None
    assert got.loss_ppm == 20_000
    assert got.bursts.mean_loss == pytest.approx(0.02)
    assert got.bursts.mean_burst_packets == pytest.approx(5)


def test_the_letters_of_tc_give_the_model_and_its_mean(shape):
    got, _ = shape("{line: {gilbert: {p: 1%, r: 4%, 1-h: 50%, 1-k: 0.5%}}}")
    assert got.bursts == Bursts(0.01, 0.04, 0.5, 0.005)
    assert got.loss_ppm == pytest.approx((0.2 * 0.5 + 0.8 * 0.005) * 1e6)


def test_a_fibre_has_its_own_line_instead_of_that_of_all(shape):
    got, _ = shape("{line: {jitter: 1ms}, fibre_line: {shanghai-guian: {jitter: 3ms}}}")
    assert got.jitter_ns == 3_000_000
    got, _ = shape("{line: {jitter: 1ms}, fibre_line: {guian-kunming: {jitter: 3ms}}}")
    assert got.jitter_ns == 1_000_000


def test_predictions_have_half_the_jitter_of_each_fibre_and_nothing_for_late_packets(shape):
    _, plain = shape("{}")
    got, demand = shape("{line: {jitter: 1ms, late: {share: 2%, by: 5ms}}}")
    assert demand.predicted_forward_ns == plain.predicted_forward_ns + 500_000
    assert (got.late_ns, got.late_ppm) == (5_000_000, 20_000)
    assert got.longest_ns == got.one_way_delay_ns + 6_000_000


def test_a_plan_of_a_quiet_network_says_nothing_of_lines(shape):
    quiet, _ = shape("{loss: 1%}")
    assert (quiet.bursts, quiet.jitter_ns, quiet.late_ns, quiet.late_ppm) == (None, 0, 0, 0)


@pytest.mark.parametrize(
    ("network", "says"),
    [
        ("{line: {burst: 5}}", "losses come in bursts, and nothing is lost"),
        ("{loss: 95%, line: {burst: 5}}", "lose 83.3% of all at most"),
        ("{loss: 0.0000001%, line: {burst: 50}}", "begin less often than netem can do"),
        ("{line: {burst: 0.5}}", "network.line.burst must be at least 1"),
        ("{loss: 1%, line: {gilbert: {p: 1%, r: 5%}}}", "loss says it again"),
        ("{line: {burst: 2, gilbert: {p: 1%, r: 5%}}}", "burst says it again"),
        ("{line: {gilbert: {p: 1%, r: 0%}}}", "a burst has no end"),
        ("{line: {gilbert: {p: 1%, r: 9%, 1-h: 120%}}}", "a probability cannot exceed 100%"),
        ("{fibre_loss: {shanghai-guian: 1%}, line: {gilbert: {p: 1%, r: 9%}}}", "of every fibre"),
        ("{line: {jitter: 200ms}}", "a packet is 100ms later at most, not 200ms"),
        ("{line: {late: {share: 60%, by: 1ms}}}", "would be the exception"),
        ("{line: {late: {share: 0.001%, by: 1ms}}}", "less than netem can do"),
        ("{fibre_line: {shanghai-guain: {jitter: 1ms}}}", 'did you mean "shanghai-guian"'),
    ],
)
def test_what_no_fibre_can_do_is_refused_with_its_line(load, network, says):
    with pytest.raises(InputError) as caught:
        load(network)
    assert "random.yaml:5: " in str(caught.value)
    assert says in str(caught.value)
