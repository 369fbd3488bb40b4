"""Tables in the end are held against what was asked of a controller, not what it says it meant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from corridor.controller.openflow import deployments
from corridor.controller.openflow.deployments import DesiredState
from corridor.controller.reconcile.state_file import StateFile
from corridor.experiments.lab.deployment_proof import deployed
from corridor.topologies.base.errors import InputError
from reconciler_lab import NO_EXPORT, NO_SEA, policies, specification, wiring

FIRST_EPOCH = 1


def wrote(folder: Path) -> Path:
    """What a controller leaves that holds switches to its first specification."""
    path = folder / "deployment.json"
    wanted = DesiredState(specification())
    StateFile(path, specification()).keep(deployments.stand(wanted, wiring(), FIRST_EPOCH), wanted)
    return path


def test_what_was_asked_last_is_what_tables_are_to_be(tmp_path: Path) -> None:
    path, first = wrote(tmp_path), specification()
    other = first.model_copy(update={"policies": policies(NO_SEA)})
    as_meant = deployed(path, [first], wiring())
    as_asked = deployed(path, [other], wiring())
    assert as_meant.known.specification.policies == first.policies
    assert as_asked.known.specification.policies == other.policies
    assert as_asked.program != as_meant.program


def test_directions_of_what_was_asked_have_labels_of_their_own(tmp_path: Path) -> None:
    """By other policies a direction may need more labels than its place had."""
    path = wrote(tmp_path)
    few = DesiredState(specification().model_copy(update={"policies": policies(NO_EXPORT)}))
    StateFile(path, few.specification).keep(deployments.stand(few, wiring(), FIRST_EPOCH), few)
    asked = deployed(path, [specification()], wiring())
    labels = [(one.seat.epoch, number) for one in asked.compiled.directions for number in one.block]
    assert len({*labels}) == len(labels)


def test_what_an_earlier_version_wrote_is_refused_in_a_line(tmp_path: Path) -> None:
    path = wrote(tmp_path)
    said = json.loads(path.read_text())
    del said["stands"]["seats"]
    path.write_text(json.dumps({**said, "schema": 2}))
    with pytest.raises(InputError, match=f"{path}: an earlier version wrote it"):
        deployed(path, [specification()], wiring())


def test_where_it_is_not_known_what_it_heard_either_may_be(tmp_path: Path) -> None:
    path, first = wrote(tmp_path), specification()
    other = first.model_copy(update={"policies": policies(NO_SEA)})
    either = deployed(path, [first, other], wiring())
    assert either.known == deployed(path, [first], wiring()).known


def test_another_day_counts_too(tmp_path: Path) -> None:
    path, first = wrote(tmp_path), specification()
    later = first.model_copy(update={"as_of": first.as_of.replace(year=2031)})
    assert deployed(path, [later], wiring()).known.specification.as_of == later.as_of
