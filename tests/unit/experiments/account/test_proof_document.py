"""``proof.json`` as a document: written and read again, it is the same to the byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import page_case
from corridor.experiments.account.proof_document import (
    PROOF_FILE,
    ProofDocument,
    proof_document,
    read_proof,
)
from corridor.experiments.lab.deployment_proof import judge_tables
from corridor.experiments.lab.dumps import as_compiled
from corridor.experiments.lab.proof import prove_compiled
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.errors import InputError


@pytest.fixture(scope="module")
def written() -> ProofDocument:
    loaded = load_scenario("mini")
    plan, judged_by = make_plan(loaded, clock="virtual", run_id="c0", seed=1), specify(loaded)
    proof = prove_compiled(plan, judged_by)
    opinion = judge_tables(as_compiled(plan), plan, judged_by, proof)
    return proof_document({"before": proof}, opinion, of={"before": "abc"})


def test_a_proof_is_read_as_it_was_written(tmp_path: Path, written: ProofDocument) -> None:
    text = json.dumps(written.to_json(), indent=1)
    (tmp_path / PROOF_FILE).write_text(text)
    read = read_proof(tmp_path)
    assert read == written
    assert json.dumps(read.to_json(), indent=1) == text


def test_keys_have_the_order_of_earlier_versions(written: ProofDocument) -> None:
    plain: dict[str, Any] = written.to_json()
    assert list(plain) == ["schema", "holds", "proofs", "second_opinion"]
    assert list(plain["proofs"]["before"]) == ["of", "holds", "verdicts", "counts", "witnesses"]
    assert list(plain["second_opinion"]) == [
        *("agrees", "demands", "witnesses", "counterexamples", "failure_sets", "walks", "paths"),
        *("disagreements", "differs"),
    ]


def test_a_counterexample_is_read_as_it_was_written(tmp_path: Path) -> None:
    plain = page_case.proof(page_case.broken())
    (tmp_path / PROOF_FILE).write_text(json.dumps(plain))
    read = read_proof(tmp_path)
    assert read is not None
    assert read.to_json() == plain
    assert read.claims("violated") == ["C5"]


def test_a_folder_without_a_proof_has_none(tmp_path: Path) -> None:
    assert read_proof(tmp_path) is None


def test_a_proof_of_another_version_is_refused_by_its_key(tmp_path: Path) -> None:
    (tmp_path / PROOF_FILE).write_text(json.dumps(page_case.proof() | {"holds": "yes"}))
    with pytest.raises(InputError, match='the key "holds" is not of this version'):
        read_proof(tmp_path)


def test_a_status_or_a_schema_of_another_version_is_refused(tmp_path: Path) -> None:
    other = page_case.proof()
    next(iter(other["proofs"].values()))["verdicts"][0]["status"] = "bogus"
    for plain in (other, page_case.proof() | {"schema": 7}):
        (tmp_path / PROOF_FILE).write_text(json.dumps(plain))
        with pytest.raises(InputError, match="another version wrote it"):
            read_proof(tmp_path)
