"""The form for packet walkers: its schema, and a walker that shares no code agrees with it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from corridor.controller.explain.export_registry import FORMATS
from corridor.controller.forwarding.program import Reason, output, pop_label
from corridor.experiments.commands.schema import FILES, _schema
from export_lab import acting, entry, exported, spoilt, subject, without

EXAMPLE = Path(__file__).resolve().parents[4] / "examples/walk_tables.py"


@pytest.fixture(scope="module")
def document():
    return exported("walker")["walker.json"]


def walked(whole, folder):
    """The exit code and the lines of the example, run without anything of the product."""
    file = folder / "walker.json"
    file.write_text(FORMATS["walker"].write(whole).files["walker.json"])
    done = subprocess.run(
        [sys.executable, "-I", "-S", EXAMPLE, file], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def test_the_document_fits_its_schema(document):
    assert "walker" in FILES
    jsonschema.validate(document, _schema("walker"))


def test_every_entry_group_and_wire_is_in_it(document):
    whole = subject()
    for hub in document["hubs"]:
        held = whole.tables.switches[hub["hub"]]
        assert len(hub["entries"]) == len(held.flows)
        assert {int(number) for number in hub["groups"]} == {one.id for one in held.groups}
        order = [(one["table"], -one["priority"]) for one in hub["entries"]]
        assert order == sorted(order)
    assert {one["fibre"] for one in document["wires"]} == {one.id for one in whole.topology.fibres}


def test_each_demand_is_walked_with_each_thing_on_its_way_dead(document):
    demand = next(one for one in document["demands"] if one["demand"] == "export")
    assert demand["never"]["arrives_without"] == ["kunming", "shanghai"]
    intact = demand["expected"][0]
    assert intact["dead"] == {"fibres": [], "gateways": []}
    assert intact["hubs"] == ["guian", "kunming", "karachi"]
    dead = [(one["dead"]["fibres"], one["dead"]["gateways"]) for one in demand["expected"]]
    for one in ((["guian-kunming"], []), (["kunming-karachi"], []), ([], ["kunming"])):
        assert one in dead
    assert max(len(fibres) + len(gateways) for fibres, gateways in dead) == 2


def test_what_policies_block_never_arrives(document):
    leak = next(one for one in document["demands"] if one["demand"] == "leak")
    assert not leak["permitted"]
    assert {one["arrives"] for one in leak["expected"]} == {False}
    assert set(leak["never"]["hubs"]) == {"shanghai", "kunming", "bangkok", "karachi"}


def test_packets_that_no_demand_declares_do_not_leave(document):
    assert {one["why"] for one in document["undeclared"]} == {
        "another's address",
        "another's MAC",
        "a label",
        "no demand leads there",
    }
    assert not any(one["leaves"] for one in document["undeclared"])


def test_a_walker_that_shares_no_code_agrees(document, tmp_path):
    code, lines = walked(subject(), tmp_path)
    walks = sum(len(one["expected"]) for one in document["demands"])
    others = len(document["undeclared"])
    assert (code, lines) == (0, [f"{walks} walks, {others} undeclared: 0 wrong"])


def test_the_example_knows_nothing_of_the_product():
    text = EXAMPLE.read_text()
    assert "import json\nimport sys\nfrom pathlib import Path\n" in text
    assert text.count("import ") == 3


def test_a_walker_sees_what_is_wrong_with_tables(tmp_path):
    whole = spoilt("guian", without(entry("guian", Reason.LABEL, "export")))
    code, lines = walked(whole, tmp_path)
    assert code == 1
    assert "export, dead {'fibres': [], 'gateways': []}: policies say otherwise" in lines
    flow = entry("kunming", Reason.TO_GATEWAY, "export")
    whole = spoilt("kunming", acting(flow, actions=(pop_label(), output(1))))
    code, lines = walked(whole, tmp_path)
    assert code == 1
    assert any("another packet is delivered: (('kunming', 1)" in line for line in lines)
    back = entry("kunming", Reason.FROM_GATEWAY, "export")
    code, lines = walked(spoilt("kunming", acting(flow, actions=back.actions)), tmp_path)
    assert code == 1
    assert any(line.endswith("passes no gateway") for line in lines)


def test_a_walker_sees_a_door_that_is_open(tmp_path):
    """An entry that drops what is not admitted sends it on instead."""
    whole = subject()
    drop = next(
        one for one in whole.tables.switches["guian"].flows if one.reason is Reason.DROP_HOST_LABEL
    )
    code, lines = walked(spoilt("guian", acting(drop, goto=4)), tmp_path)
    assert code == 1
    assert "from guian, a label: leaves True" in lines
    said = json.loads((tmp_path / "walker.json").read_text())["undeclared"]
    assert [(one["src"], one["why"]) for one in said if one["leaves"]] == [("guian", "a label")]
