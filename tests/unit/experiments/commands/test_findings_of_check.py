"""``corridor check`` of several files, of policy sets and maps, and its findings as SARIF."""

import json
import shutil
from pathlib import Path

import pytest

from corridor.controller.prover import Proof
from corridor.experiments.account.proof_findings import proof_findings
from corridor.experiments.cli import main
from corridor.experiments.lab.proof import prove_compiled
from corridor.experiments.plan.plan import make_plan_unsent
from corridor.experiments.scenario.intents import Intended
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.opinion import Disagreement, SecondOpinion

EXAMPLES = Path(__file__).resolve().parents[4] / "examples"


@pytest.fixture
def project(tmp_path, monkeypatch):
    for name in ("own_topology.yaml", "own_policies.yaml", "own_scenario.yaml"):
        shutil.copy(EXAMPLES / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def results(file="a.sarif"):
    (run,) = json.loads(Path(file).read_text(encoding="utf-8"))["runs"]
    return run["results"]


def place(result):
    (one,) = result["locations"]
    where = one["physicalLocation"]
    return where["artifactLocation"]["uri"], where["region"]["startLine"]


def line_of(file, text):
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_a_blocked_demand_is_a_note_at_its_line(project, capsys):
    assert main(["check", "own_scenario.yaml", "--sarif", "reports/a.sarif"]) == 0
    assert "18 properties verified" in capsys.readouterr().out
    (one,) = results("reports/a.sarif")
    assert (one["ruleId"], one["level"]) == ("blocked-demand", "note")
    assert one["message"]["text"].startswith("secret is blocked: default deny")
    assert place(one) == ("own_scenario.yaml", line_of("own_scenario.yaml", "id: secret"))


@pytest.mark.parametrize("changed", ["own_policies.yaml", "own_topology.yaml"])
def test_a_policy_set_or_a_map_stands_for_the_scenarios_that_use_it(project, capsys, changed):
    assert main(["check", changed, "own_scenario.yaml"]) == 0
    assert capsys.readouterr().out.count("18 properties verified") == 1


def test_a_set_that_another_includes_stands_for_the_scenarios_of_both(project, capsys):
    text = Path("own_policies.yaml").read_text().replace("include: [", "include: [base.yaml, ")
    Path("own_policies.yaml").write_text(text)
    Path("base.yaml").write_text("schema: 1\nname: base\ninclude: pk\npolicies: []\n")
    assert main(["check", "base.yaml"]) == 0
    assert "own-scenario, policy set own-policies" in capsys.readouterr().out


def test_a_set_that_no_scenario_uses_has_its_names_looked_up(project, capsys):
    Path("own_scenario.yaml").unlink()
    assert main(["check", "own_policies.yaml"]) == 0
    assert "no scenario below" in capsys.readouterr().out
    text = Path("own_policies.yaml").read_text().replace("crosses: IN", "crosses: INDIA")
    Path("own_policies.yaml").write_text(text)
    assert main(["check", "own_policies.yaml", "--sarif", "a.sarif"]) == 2
    (one,) = results()
    assert (one["ruleId"], one["level"]) == ("bad-input", "error")
    assert place(one) == ("own_policies.yaml", line_of("own_policies.yaml", "crosses: INDIA"))


def test_json_is_of_one_scenario(project, capsys):
    assert main(["check", "mini", "own_scenario.yaml", "--json"]) == 2
    assert "one by one" in capsys.readouterr().err


@pytest.fixture(scope="module")
def violated():
    """A scenario whose tables were compiled under no policies, and its proof under its own."""
    free = load_scenario(str(EXAMPLES / "own_scenario.yaml"), policies="none")
    loaded = load_scenario(str(EXAMPLES / "own_scenario.yaml"))
    plan = make_plan_unsent(free, Intended.of(free))
    return loaded, plan, prove_compiled(plan, Intended.of(loaded).specification)


def test_a_violated_property_is_at_the_policy_and_related_to_the_demand(violated):
    loaded, plan, proof = violated
    assert isinstance(proof, Proof)
    assert not proof.holds
    found = [one for one in proof_findings(loaded, plan, proof) if one.level == "error"]
    assert {one.rule.id for one in found} == {one.claim for one in proof.violated}
    of_clause = next(one for one in found if "CN-GATEWAY" in one.message and len(one.places) > 1)
    own = EXAMPLES / "own_policies.yaml"
    assert str(of_clause.places[0]) == f"{own}:{line_of(own, 'include:')}"
    scenario = EXAMPLES / "own_scenario.yaml"
    assert str(of_clause.places[-1]) == f"{scenario}:{line_of(scenario, 'id: results')}"
    assert of_clause.message.startswith("results from guian to rayong: CN-GATEWAY")


def test_differing_opinions_and_warnings_are_findings(violated):
    loaded, plan, proof = violated
    differs = Disagreement("unlawful path", "secret", (), "guian > kunming", "no permit")
    other = SecondOpinion(1, 0, 0, 1, 1, 1, (differs,))
    found = [*proof_findings(loaded, plan, proof, other=other, warnings=["probes wait"])]
    by_rule = {one.rule.id: one for one in found}
    assert by_rule["second-opinion"].places[0].line == line_of(
        EXAMPLES / "own_scenario.yaml", "id: secret"
    )
    assert by_rule["measurement"].level == "warning"
