"""Which cells a study has, and what each changes in its scenario."""

import pytest

from corridor.experiments.study.cells import NoSuchPlace, patched
from corridor.experiments.study.study_file import combinations, matches

AXES = {"law": ["none", "th"], "buffer": ["5ms", "20ms"], "load": ["half", "full"]}


def test_every_level_goes_with_every_other_and_the_last_axis_changes_first():
    found = combinations(AXES)
    assert len(found) == 8
    assert found[0] == {"law": "none", "buffer": "5ms", "load": "half"}
    assert found[1] == {"law": "none", "buffer": "5ms", "load": "full"}


def test_zipped_axes_go_side_by_side():
    found = combinations(AXES, [["buffer", "load"]])
    assert [(one["buffer"], one["load"]) for one in found[:2]] == [
        ("5ms", "half"),
        ("20ms", "full"),
    ]
    assert len(found) == 4
    assert set(found[0]) == set(AXES)


def test_exclusion_comes_before_inclusion_and_nothing_is_there_twice():
    there = {"law": "th", "buffer": "20ms", "load": "full"}
    found = combinations(AXES, (), [{"law": "th"}], [there, {**there, "law": "none"}])
    assert len(found) == 5
    assert found[-1] == there
    assert sum(matches(one, {"law": "th"}) for one in found) == 1


def test_a_study_without_axes_has_one_cell():
    assert combinations({}) == [{}]


def test_a_patch_sets_what_its_path_names_and_leaves_the_scenario_as_it_was():
    data = {
        "network": {"loss": "1%"},
        "workloads": [{"id": "inference", "fills": "5%"}, {"id": "backups", "fills": "1%"}],
        "timeline": [{"at": "1s", "cut": "a-b"}],
    }
    made = patched(
        data,
        {
            "network.buffer": "5ms",
            "workloads.backups.fills": "9%",
            "timeline+": [{"at": "2s", "cut": "c-d"}],
            "probe.size": "64B",
        },
    )
    assert made["network"] == {"loss": "1%", "buffer": "5ms"}
    assert made["workloads"][1]["fills"] == "9%"
    assert [one["at"] for one in made["timeline"]] == ["1s", "2s"]
    assert made["probe"] == {"size": "64B"}
    assert data["network"] == {"loss": "1%"}
    assert len(data["timeline"]) == 1


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("workloads.inferense.fills", "1%", 'it contains no "inferense"'),
        ("name.first", "x", "name contains no keys"),
        ("timeline+", {"at": "1s"}, "adds items to a list"),
        ("name+", ["x"], "is not a list"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused(path, value, said):
    data = {"name": "one", "workloads": [{"id": "inference"}], "timeline": []}
    with pytest.raises(NoSuchPlace, match=said):
        patched(data, {path: value})
