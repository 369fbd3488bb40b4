"""``corridor status``, ``policy``, ``drain``, ``restore``, over the real API."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from corridor.controller.openflow import deployments
from corridor.experiments.live_network.status_text import network, one_demand
from reconciler_lab import CLASSES, NO_EXPORT, PERMITS, policies

pytestmark = pytest.mark.usefixtures("kept")
ROOT = Path(__file__).resolve().parents[4]
FIBRE = "kunming-karachi"
BLOCKING = """\
name: closed
policies:
- {id: CLOSED, effect: deny, match: {}}
"""


def test_status_gives_the_answer_first(corridor):
    code, said, _ = corridor("status")
    lines = said.splitlines()
    assert code == 0
    assert lines[0].startswith("epoch ")
    assert lines[0].endswith("policies lab as of 2026-11-24, all tables verified")
    assert lines[1].startswith("demands: 6 UP; updates: ")
    assert "train          UP      12.555 ms  shanghai > guian" in lines


def test_status_tells_of_what_is_out_of_order(reconciler, corridor):
    reconciler.lab.do("set_drained", fibre=FIBRE, drained=True)
    reconciler.lab.lose("bangkok")
    reconciler.lab.port("shanghai-guian", live=False)
    _, said, _ = corridor("status")
    reconciler.lab.connect("bangkok")
    reconciler.lab.port("shanghai-guian", live=True)
    assert f"\ndrained: {FIBRE}\n" in said
    assert "\nfailed: shanghai-guian\n" in said
    assert "\naway: bangkok\n" in said


def test_status_of_one_demand_and_of_one_that_is_not_there(corridor):
    code, said, _ = corridor("status", "ckpt.return")
    assert (code, said.splitlines()[0]) == (0, "ckpt.return")
    assert "  path       karachi > kunming > guian" in said.splitlines()
    code, said, complained = corridor("status", "nothing")
    assert (code, said) == (2, "")
    assert "no demand 'nothing'; there are train, train.return" in complained


@pytest.mark.parametrize("demand", ["../status", "a/b", "x?y", "%2e%2e", "x#y", "ä"])
def test_a_demand_of_any_name_leads_nowhere_else(corridor, demand):
    code, said, complained = corridor("status", demand)
    assert (code, said, complained.count("\n")) == (2, "", 1)


def test_status_for_programs(corridor):
    said = json.loads(corridor("status", "--json")[1])
    assert set(said) == {"status", "hubs", "fibres", "demands"}
    assert said["status"]["policies"] == "lab"
    assert json.loads(corridor("status", "train", "--json")[1])["hubs"] == ["shanghai", "guian"]


@pytest.mark.parametrize("width", [1, 40, 60, 80, 200])
def test_status_is_as_wide_as_the_terminal(reconciler, width):
    reconciler.lab.do("set_policies", policies=policies(NO_EXPORT))

    def said(do):
        return reconciler.control.answer(json.dumps({"do": do}))

    demands = said("demands")["demands"]
    text = network(said("status"), said("topology"), demands, width)
    for words in (text, *(one_demand(one, width) for one in demands)):
        assert max(map(len, words.splitlines())) <= max(width, 40)
    assert text.count("BLOCKED") == 3
    assert "NO-EXPORT deny" in text.replace("\n", " ")


def test_a_network_without_anything_says_so():
    status = {"installed": False, "unproven": "nothing is installed yet", "away": []}
    status |= {"deferred": "", "foreign": 0, "lacking": []}
    text = network(status, {"fibres": {}, "hubs": {}}, [], 80)
    assert text.startswith("nothing is installed yet")


def test_policies_are_shown_in_lines_and_whole(corridor):
    _, said, _ = corridor("policy", "show")
    assert said.splitlines()[0] == "lab, as of 2026-11-24: no title"
    assert "  permit   EXPORT [CN-24-7b]" in said.splitlines()
    whole = json.loads(corridor("policy", "show", "--json")[1])
    assert [one["id"] for one in whole["policies"]] == ["HOME", "EXPORT", "FOREIGN"]


def test_a_shipped_set_is_put_in_force_and_its_epoch_and_time_are_told(reconciler, corridor):
    code, said, _ = corridor("policy", "set", "none")
    assert code == 0
    assert said.startswith("network lab: policies none: epoch ")
    assert "verified and activated in " in said
    assert reconciler.lab.network.known.specification.policies.name == "none"
    assert {one.status for one in reconciler.lab.event_log.statuses.values()} == {"UP"}
    again = corridor("policy", "set", "none")[1]
    assert again.endswith(", no table had to be changed\n")


def test_a_file_and_a_day_are_put_in_force(reconciler, corridor, tmp_path):
    (tmp_path / "closed.yaml").write_text(BLOCKING)
    code, said, _ = corridor(
        "policy", "set", str(tmp_path / "closed.yaml"), "--as-of", "2026-11-25"
    )
    assert code == 0
    closed, day = said.splitlines()
    assert closed.startswith("network lab: policies closed: 6 demands dropped at once; epoch ")
    assert day.startswith("network lab: day 2026-11-25: epoch ")
    assert {one.status for one in reconciler.lab.event_log.statuses.values()} == {"BLOCKED"}
    shown = corridor("status")[1]
    assert "demands: 6 BLOCKED" in shown
    reconciler.lab.do(
        "set_day", as_of=reconciler.lab.network.known.specification.as_of.replace(day=24)
    )


UNKNOWN = 'no operator, jurisdiction or group is called "Acme"'
INCLUDED = """\
name: part
policies:
- {id: PART, effect: restrict, hard: {avoid: {operated_by: [Acme]}}}
"""
INCLUDING = """\
name: whole
include: [part.yaml]
outside: not-judged
policies:
- id: OWN
  effect: restrict
  hard: {avoid: {located_in: [TH]}}
"""


@pytest.mark.parametrize(
    ("own", "part", "said"),
    [
        (
            INCLUDING.replace("located_in: [TH]", "operated_by: Acme"),
            "name: part\n",
            f"whole.yaml:7: policies[0].hard.avoid.operated_by: {UNKNOWN}",
        ),
        (
            INCLUDING,
            INCLUDED,
            f"part.yaml:3: policies[0].hard.avoid.operated_by[0]: {UNKNOWN}",
        ),
        (
            INCLUDING.replace("not-judged", "deny").replace("[part.yaml]", "[part.yaml, pk]"),
            "name: part\n",
            'whole.yaml:1: demand "train" has the unknown data class',
        ),
    ],
    ids=["in the file", "in what it includes", "of the whole"],
)
def test_what_a_network_does_not_understand_is_told_of_the_file_that_says_it(
    reconciler, corridor, tmp_path, own, part, said
):
    (tmp_path / "whole.yaml").write_text(own)
    (tmp_path / "part.yaml").write_text(part)
    before = reconciler.lab.network.known.specification.policies
    code, _, complained = corridor("policy", "set", str(tmp_path / "whole.yaml"))
    assert code == 2
    assert f"corridor: {tmp_path}/{said}" in complained
    assert complained.count("\n") == 1
    assert reconciler.lab.network.known.specification.policies == before


def test_a_set_that_would_break_a_claim_is_refused_with_its_counterexample(
    reconciler, corridor, monkeypatch, tmp_path
):
    following = deployments.following

    def wrong(deployment, known, network):
        return deployments.replace(
            following(deployment, known, network), compiled=deployment.compiled
        )

    monkeypatch.setattr(deployments, "following", wrong)
    written = {"name": "other", "classes": CLASSES, "policies": [*PERMITS, NO_EXPORT]}
    (tmp_path / "other.yaml").write_text(json.dumps(written))
    code, said, complained = corridor("policy", "set", str(tmp_path / "other.yaml"))
    assert code == 1
    lines = said.splitlines()
    assert lines[0].startswith("C1 is violated: ")
    assert any(line.startswith("clause: NO-EXPORT deny: ") for line in lines)
    assert any(line.startswith("packet: ") for line in lines)
    assert any(line.startswith("verdict: ") for line in lines)
    assert complained.startswith("corridor: it would break C1")
    assert complained.count("\n") == 1
    assert reconciler.lab.network.known.specification.policies == policies()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nine",), 'no policy set "nine"; did you mean "none"?'),
        (("./nowhere.yaml",), "no such file"),
        (("bad.yaml",), "bad.yaml:3: "),
        (("foreign.yaml",), 'has the unknown data class "home"'),
    ],
)
def test_a_set_that_is_none_is_bad_input_and_changes_nothing(
    reconciler, corridor, tmp_path, monkeypatch, words, says
):
    (tmp_path / "bad.yaml").write_text(BLOCKING.replace("deny", "denny"))
    asks = "{class: [other]}"
    foreign = BLOCKING.replace("{}}", f"{asks}}}")
    foreign += "classes: [{id: other, origin: CN, sensitivity: low, basis: none}]\n"
    (tmp_path / "foreign.yaml").write_text(foreign)
    monkeypatch.chdir(tmp_path)
    before = reconciler.lab.holds()
    code, said, complained = corridor("policy", "set", *words)
    assert (code, said, complained.count("\n")) == (2, "", 1)
    assert says in complained
    assert reconciler.lab.holds() == before


def test_a_set_may_name_hubs_that_only_the_kept_network_has(corridor, tmp_path, reconciler):
    closed = BLOCKING.replace("match: {}", "match: {src: {hubs: [shanghai, nowhere]}}")
    (tmp_path / "closed.yaml").write_text(closed)
    code, _, complained = corridor("policy", "set", str(tmp_path / "closed.yaml"))
    assert (code, 'no hub is called "nowhere"' in complained) == (2, True)

    def instead(client, line):
        answer = reconciler.control.answer(line)
        if "hubs" in answer:
            answer["hubs"]["nowhere"] = answer["hubs"]["guian"]
        client.sendall((json.dumps(answer) + "\n").encode())

    reconciler.instead = instead
    _, _, complained = corridor("policy", "set", str(tmp_path / "closed.yaml"))
    where = f"{tmp_path}/closed.yaml:3: policies[0].match.src.hubs[1]"
    assert complained.startswith(f'corridor: {where}: no hub is called "nowhere"')


def test_a_fibre_is_drained_and_restored(reconciler, corridor):
    code, said, _ = corridor("drain", FIBRE)
    assert (code, said.startswith(f"network lab: {FIBRE} drained: epoch ")) == (0, True)
    assert reconciler.lab.network.known.drained == {FIBRE}
    code, said, _ = corridor("restore", FIBRE)
    assert (code, said.startswith(f"network lab: {FIBRE} restored: epoch ")) == (0, True)
    assert reconciler.lab.network.known.drained == frozenset()
    code, said, complained = corridor("drain", "nowhere")
    assert (code, said) == (2, "")
    assert complained.startswith("corridor: no fibre 'nowhere'; there are ")
    a, z = FIBRE.split("-")
    for slip in (FIBRE[:-1], f"{z}-{a}", FIBRE.upper()):
        code, _, complained = corridor("drain", slip)
        assert (code, complained) == (
            2,
            f"corridor: no fibre '{slip}'; did you mean \"{FIBRE}\"?\n",
        )


def test_what_must_wait_for_a_switch_is_told_in_one_line(reconciler, corridor):
    reconciler.lab.lose("bangkok")
    code, said, complained = corridor("drain", FIBRE)
    assert (code, said) == (3, "")
    assert complained == (
        "corridor: not done: deferred until bangkok is back or given up; ask again when it is\n"
    )


@pytest.mark.parametrize(
    ("kind", "code", "says"),
    [
        ("busy", 3, "try again in a moment"),
        ("failed", 3, "not done: because"),
        ("late", 3, "corridor status prints whether it was done"),
        ("error", 3, "corridor: because"),
        ("bad", 2, "because"),
    ],
)
def test_every_no_of_the_keeper_is_one_line_and_a_code(reconciler, corridor, kind, code, says):
    no = json.dumps({"ok": False, "kind": kind, "reason": "because"}) + "\n"
    reconciler.instead = lambda client, _line: client.sendall(no.encode())
    got, said, complained = corridor("drain", FIBRE)
    assert (got, said, complained.count("\n")) == (code, "", 1)
    assert says in complained


def test_to_know_the_commands_no_library_is_imported():
    script = (
        "import sys\nfrom corridor.experiments.cli import build_parser\nbuild_parser()\n"
        "print([name for name in ('pydantic', 'fastapi', 'yaml') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
