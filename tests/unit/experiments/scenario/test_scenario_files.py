"""What a scenario file means once it is read, and which mistakes only a scenario can have."""

import pytest

from corridor.experiments.scenario.extending import shipped_scenarios
from corridor.experiments.scenario.scenario import DEFAULT, load_scenario
from corridor.topologies.base.errors import InputError

HEAD = "schema: 1\nname: mine\ntopology: mini\n"
DEMANDS = "demands:\n  - {id: one, class: dr, src: shanghai, dst: karachi}\n"


@pytest.fixture
def written(tmp_path):
    def write(text, name="mine.yaml"):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


def test_every_shipped_scenario_loads_and_the_default_is_one_of_them():
    assert DEFAULT in shipped_scenarios()
    for name in shipped_scenarios():
        assert load_scenario(name).scenario.name == name


def test_the_reference_scenario_is_as_large_as_promised():
    loaded = load_scenario("pan-asia")
    assert len(loaded.topology.hubs) >= 34
    assert len(loaded.topology.fibres) >= 60
    assert len(loaded.scenario.demands) >= 40


def test_what_is_left_out_has_a_stated_value(written):
    scenario = load_scenario(written(HEAD + DEMANDS)).scenario
    assert (scenario.seed, scenario.framework) == (1, "auto")
    assert (scenario.probe.interval, scenario.probe.count, scenario.probe.size) == (
        20_000_000,
        100,
        128,
    )
    assert (scenario.network.buffer, scenario.network.loss) == (20_000_000, 0.0)


def test_units_become_integers_and_percentages_fractions(written):
    text = HEAD + (
        "probe: {interval: 2.5ms, size: 200B}\nnetwork: {buffer: 1s, loss: 0.5%}\n" + DEMANDS
    )
    scenario = load_scenario(written(text)).scenario
    assert scenario.probe.interval == 2_500_000
    assert scenario.probe.size == 200
    assert scenario.network.buffer == 1_000_000_000
    assert scenario.network.loss == pytest.approx(0.005)


def test_a_topology_beside_the_scenario_goes_before_a_shipped_one(written):
    written(
        "name: mini\nhubs: [shanghai, karachi]\n"
        "fibres:\n  - {id: only, a: shanghai, z: karachi, one_way_delay: 1ms}\n",
        "own.yaml",
    )
    loaded = load_scenario(written(HEAD.replace("mini", "own.yaml") + DEMANDS))
    assert [fibre.id for fibre in loaded.topology.fibres] == ["only"]


def test_a_fibres_own_loss_replaces_that_of_all(written):
    text = HEAD + "network: {loss: 1%, fibre_loss: {shanghai-guian: 0%}}\n" + DEMANDS
    network = load_scenario(written(text)).scenario.network
    assert network.loss == pytest.approx(0.01)
    assert network.fibre_loss == {"shanghai-guian": 0.0}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("network: {buffer: -1ms}\n", "must not be negative"),
        ("network: {loss: 5}\n", "percent sign"),
        ("network: {loss: nan%}\n", "0% or more"),
        ("network: {loss: -1%}\n", "0% or more"),
        ("network: {fibre_loss: {shanghai-guian: 101%}}\n", "cannot exceed 100%"),
        ("probe: {size: 1515B}\n", "at most 1514"),
        ("probe: {size: 87B}\n", "no room for padding.* write 86B, or at least 90B"),
        ("probe: {size: 89B}\n", "no room for padding"),
        ("probe: {count: 5000001}\n", "at most 5000000"),
        ("probe: {arrival: posson}\n", 'did you mean "poisson"'),
        ("framework: os-kem\n", 'did you mean "os-ken"'),
        ("seed: -1\n", "at least 0"),
        ("seed: 9223372036854775808\n", "less than 9223372036854775808"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(written, more, message):
    path = written(HEAD + more + DEMANDS)
    with pytest.raises(InputError, match=message) as caught:
        load_scenario(path)
    assert str(caught.value).startswith(f"{path}:4: ")


def test_demands_on_two_islands_are_refused_at_their_line(written):
    written(
        "name: islands\nhubs: [shanghai, guian, karachi, bangkok]\nfibres:\n"
        "  - {id: one, a: shanghai, z: guian, one_way_delay: 1ms}\n"
        "  - {id: two, a: karachi, z: bangkok, one_way_delay: 1ms}\n",
        "islands.yaml",
    )
    path = written(
        HEAD.replace("mini", "islands.yaml")
        + "demands:\n  - {id: fine, class: dr, src: karachi, dst: bangkok}\n"
        + "  - {id: gap, class: dr, src: shanghai, dst: karachi}\n"
    )
    with pytest.raises(InputError, match="no fibre leads from shanghai to karachi") as caught:
        load_scenario(path)
    assert caught.value.line == 6
