"""Readings of the clock, missing files, programs, sleep, random numbers and memory change no
sample, before and after Open vSwitch's daemons start."""

import json
import shutil

import pytest

from corridor_runs import seen_inside

pytestmark = [pytest.mark.guest, pytest.mark.usefixtures("virtual_kernel")]
INPUTS = ("plan.json", "specification.json", "proven.json")
LITTLE = ("switches:clock:1", "tables:files:1", "daemons:files:28")
MUCH = (
    *("interfaces:memory:5000000", "interfaces:programs:2", "daemons:programs:1"),
    *("switches:clock:1000", "switches:sleep:3000000", "controller:clock:2000"),
    *("tables:random:16", "tables:files:28"),
)
OF_START_UP = "controller_events.jsonl"
"""Holds when switches connected, too."""


@pytest.mark.timeout(900)  # on a busy machine
@pytest.mark.parametrize("name", ["timeline-bfd", "workloads"])
def test_a_start_up_that_takes_longer_changes_no_sample(name, once, virtual_kernel, tmp_path):
    plain = measured(virtual_kernel, tmp_path / "plain", once(name))
    assert any(file.endswith(".rec") for file in plain)
    for number, disturbances in enumerate((LITTLE, MUCH)):
        folder = tmp_path / f"disturbed-{number}"
        disturbed = measured(virtual_kernel, folder, once(name), *disturbances)
        different = [file for file in plain if plain[file] != disturbed.get(file)]
        assert different == [], f"{', '.join(disturbances)} change {', '.join(different)}"


@pytest.fixture(scope="module")
def random_numbers(virtual_kernel, tmp_path_factory):
    """``random_numbers(...)``: what they are in a guest in which something happened before."""

    def drawn(*before):
        folder = tmp_path_factory.mktemp("drawn")
        return seen_inside(virtual_kernel, folder, "random_numbers", *before)

    return drawn


@pytest.fixture(scope="module")
def usual(random_numbers):
    return random_numbers()


@pytest.mark.parametrize("before", ["draws", "interrupts", "programs", "a minute"])
def test_random_numbers_of_the_kernel_begin_again_at_planned_instants(
    before, random_numbers, usual
):
    assert random_numbers(before) == usual


def measured(kernel, folder, ran, *disturbances):
    """What a run leaves in ``raw`` that carries out the plan of another."""
    (folder / "raw").mkdir(parents=True)
    for name in INPUTS:
        shutil.copy(ran.folder / "raw" / name, folder / "raw")
    seen_inside(kernel, folder, "perturbed", *disturbances)
    files = {path.name: path.read_bytes() for path in (folder / "raw").iterdir()}
    if OF_START_UP in files:
        files[OF_START_UP] = since_the_epoch(files[OF_START_UP], folder)
    return {name: held for name, held in files.items() if name not in INPUTS}


def since_the_epoch(lines, folder):
    said = (folder / "stdout.txt").read_text().splitlines()
    begun = next(one for one in map(json.loads, said) if one.get("name") == "measure")
    events = map(json.loads, lines.splitlines())
    return [event for event in events if event["at_ns"] >= begun["epoch_ns"]]
