"""A scenario that extends another takes the keys that it does not state itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from corridor.experiments.commands.schema import _schema
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.errors import InputError


def write(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def test_what_a_file_does_not_say_holds_as_the_other_says_it(tmp_path: Path) -> None:
    base = load_scenario("mini").scenario
    text = "name: quiet\nextends: mini\nseed: 7\nprobe: {interval: 1s}\n"
    own = load_scenario(write(tmp_path, "quiet.yaml", text)).scenario
    assert (own.name, own.seed, own.probe.interval) == ("quiet", 7, 1e9)
    assert own.probe.count == type(own.probe)().count  # a key holds as a whole
    assert own.demands == base.demands
    assert own.topology == base.topology


def test_a_file_may_extend_one_beside_it_that_extends_another(tmp_path: Path) -> None:
    write(tmp_path, "one.yaml", "name: one\nextends: mini\nseed: 3\n")
    write(tmp_path, "two.yaml", "name: two\nextends: one.yaml\nframework: os-ken\n")
    found = load_scenario(str(tmp_path / "two.yaml")).scenario
    assert (found.name, found.seed, found.framework) == ("two", 3, "os-ken")


def test_the_reference_is_the_sovereign_corridor_with_a_timeline() -> None:
    own, base = load_scenario("reference"), load_scenario("sovereignty")
    assert own.scenario.demands == base.scenario.demands
    assert own.policies == base.policies
    assert [event.id for event in own.events] == ["karakoram", "red-sea", "law-lifted"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: own\nextends: sovereign\n", r'own\.yaml:2: .*no scenario is called "sovereign"'),
        ("name: own\nextends: [mini]\n", r"own\.yaml:2: must name one scenario"),
        ("name: own\nextends: own.yaml\n", r"own\.yaml:2: extends itself"),
        ("name: own\nextends: ../mini.yaml\n", r"own\.yaml:2: .*no scenario is called"),
        ("name: own\nextends: mini\npolicies: cn-outbond\n", r"own\.yaml:3: .*cn-outbound"),
        ("name: own\nextends: mini\nseeds: 3\n", r"own\.yaml:3: .*seed"),
    ],
)
def test_a_mistake_is_told_with_the_line_of_the_file_it_is_in(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        load_scenario(write(tmp_path, "own.yaml", text))


def test_a_mistake_of_the_other_file_is_told_with_its_own_line(tmp_path: Path) -> None:
    write(tmp_path, "base.yaml", "name: base\ntopology: mini\nprobe: {count: 0}\ndemands: []\n")
    with pytest.raises(InputError, match=r"base\.yaml:[34]: "):
        load_scenario(write(tmp_path, "own.yaml", "name: own\nextends: base.yaml\n"))


def test_what_does_not_fit_together_is_told_where_the_file_says_extends(tmp_path: Path) -> None:
    text = (
        "name: own\ntopology: edwc\nextends: mini\ndemands:\n- {id: a, class: b, src: x, dst: y}\n"
    )
    with pytest.raises(InputError, match=r"own\.yaml:5: .*unknown hub"):
        load_scenario(write(tmp_path, "own.yaml", text))
    text = "name: own\nextends: sovereignty\npolicies: nothing.yaml\n"
    with pytest.raises(InputError, match=r"own\.yaml:3"):
        load_scenario(write(tmp_path, "own.yaml", text))


def test_files_that_extend_one_another_end(tmp_path: Path) -> None:
    for number in range(12):
        write(tmp_path, f"s{number}.yaml", f"name: own\nextends: s{number + 1}.yaml\n")
    with pytest.raises(InputError, match="more than 8 scenarios extend one another"):
        load_scenario(str(tmp_path / "s0.yaml"))


def test_the_schema_asks_for_a_whole_scenario_or_one_to_extend() -> None:
    schema = _schema("scenario")
    assert schema["required"] == ["name"]
    assert {"required": ["extends"]} in schema["anyOf"]
    assert schema["properties"]["extends"]["type"] == "string"
