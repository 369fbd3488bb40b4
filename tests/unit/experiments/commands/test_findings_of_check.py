"""``corridor check`` of several files, of policy sets and maps, and its findings as SARIF."""

import json
import shutil
from pathlib import Path

import pytest

from corridor.controller.policy.written_at import WrittenAt, places_of_policies
from corridor.controller.prover import Proof
from corridor.controller.testing.findings import Finding, Rule, code_quality, sarif
from corridor.experiments.account.proof_findings import proof_findings
from corridor.experiments.answers import scenarios_of_file
from corridor.experiments.answers.scenarios_of_file import ScenariosOfFiles
from corridor.experiments.cli import main
from corridor.experiments.lab.proof import prove_compiled
from corridor.experiments.plan.plan import make_plan_unsent
from corridor.experiments.scenario.intents import Intended
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.documents import read_document
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
    assert one["message"]["text"].startswith("secret is blocked: CN-NO-BASIS")
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
    assert main(["check", "own_policies.yaml", "--json"]) == 0
    said = capsys.readouterr()
    assert (said.out, "no scenario below" in said.err) == ("", True)
    text = Path("own_policies.yaml").read_text().replace("crosses: IN", "crosses: INDIA")
    Path("own_policies.yaml").write_text(text)
    assert main(["check", "own_policies.yaml", "--sarif", "a.sarif"]) == 2
    (one,) = results()
    assert (one["ruleId"], one["level"]) == ("bad-input", "error")
    assert place(one) == ("own_policies.yaml", line_of("own_policies.yaml", "crosses: INDIA"))


def test_files_that_name_each_other_in_a_circle_do_not_stop_a_check(project, capsys):
    Path("a.yaml").write_text("extends: b.yaml\nname: a\n")
    Path("b.yaml").write_text("extends: a.yaml\nname: b\n")
    Path("circle.yaml").write_text("name: s\ntopology: mini\npolicies: x.yaml\n")
    Path("x.yaml").write_text("name: x\ninclude: [y.yaml]\n")
    Path("y.yaml").write_text("name: y\ninclude: [x.yaml]\n")
    assert main(["check", "own_policies.yaml"]) == 0
    assert "own-scenario, policy set own-policies" in capsys.readouterr().out
    assert places_of_policies("x.yaml").file.line == 1


def test_each_bad_file_is_reported_and_the_others_are_checked(project, capsys):
    text = Path("own_scenario.yaml").read_text()
    Path("far.yaml").write_text(text.replace("dst: rayong", "dst: atlantis"))
    Path("lost.yaml").write_text(text.replace("own_topology.yaml", "lost_map.yaml"))
    Path("set.yaml").write_text("schema: 1\nname: set\npolicies: [{id: X, effect: forbid}]\n")
    names = ["own_scenario.yaml", "far.yaml", "set.yaml", "lost.yaml"]
    assert main(["check", *names, "--sarif", "a.sarif"]) == 2
    said = capsys.readouterr()
    assert "18 properties verified" in said.out
    wrong = [place(one)[0] for one in results() if one["ruleId"] == "bad-input"]
    assert wrong == ["set.yaml", "far.yaml", "lost.yaml"]
    assert [one.split(":")[1].strip() for one in said.err.splitlines()] == wrong


def test_a_set_that_only_includes_and_a_map_that_only_extends_are_recognised(project, capsys):
    Path("bundle.yaml").write_text("schema: 1\nname: bundle\ninclude: [own_policies.yaml]\n")
    Path("more.yaml").write_text(
        "name: more\nextends: [own_topology.yaml]\nfibres:\n"
        "- {id: bangkok-rayong2, a: bangkok, z: rayong, length: 200km, capacity: 400Gbit}\n"
    )
    assert main(["check", "bundle.yaml", "more.yaml"]) == 0
    assert capsys.readouterr().err.count("no scenario below") == 2
    text = Path("own_scenario.yaml").read_text()
    text = text.replace("own_policies.yaml", "bundle.yaml")
    Path("own_scenario.yaml").write_text(text.replace("own_topology.yaml", "more.yaml"))
    for name in ("own_policies.yaml", "own_topology.yaml", "bundle.yaml", "more.yaml"):
        assert main(["check", name]) == 0
        assert "18 properties verified" in capsys.readouterr().out


def test_an_unused_map_is_read(project, capsys):
    Path("own_scenario.yaml").unlink()
    assert main(["check", "own_topology.yaml"]) == 0
    assert "no scenario below" in capsys.readouterr().err
    text = Path("own_topology.yaml").read_text().replace("a: bangkok", "a: atlantis")
    Path("own_topology.yaml").write_text(text)
    assert main(["check", "own_topology.yaml"]) == 2


def test_a_set_of_an_event_and_what_a_scenario_has_from_another_are_used(project):
    Path("later.yaml").write_text("name: later\ninclude: [own_policies.yaml]\n")
    Path("derived.yaml").write_text(
        "extends: own_scenario.yaml\nname: d\ntimeline: [{at: 1s, policies: later.yaml}]\n"
    )
    files = ScenariosOfFiles()
    assert files.of("later.yaml") == (["derived.yaml"], "")
    assert files.of("own_topology.yaml") == (["derived.yaml", "own_scenario.yaml"], "")


def test_files_are_read_once_and_not_in_environments_or_if_large(project, monkeypatch):
    text = Path("own_scenario.yaml").read_text()
    for folder in ("env", "node_modules", ".tox", "large", "sub dir"):
        Path(folder).mkdir()
        Path(folder, "s.yaml").write_text(text.replace(": own_", ": ../own_"))
    Path("env/pyvenv.cfg").touch()
    with Path("large/s.yaml").open("a", encoding="utf-8") as file:
        file.write("# long\n" * 200_000)
    read = []
    monkeypatch.setattr(
        scenarios_of_file, "read_document", lambda one: read.append(one) or read_document(one)
    )
    files = ScenariosOfFiles()
    expected = ["own_scenario.yaml", "sub dir/s.yaml"]
    assert files.of("own_policies.yaml")[0] == files.of("own_topology.yaml")[0] == expected
    assert len(read) == len(set(read))
    assert {one.parent.name for one in read if one.is_relative_to(project)} == {
        project.name,
        "sub dir",
    }


def test_json_is_of_one_scenario(project, capsys):
    assert main(["check", "mini", "own_scenario.yaml", "--json"]) == 2
    assert "one by one" in capsys.readouterr().err
    assert main(["check", "own_policies.yaml", "own_topology.yaml", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["holds"] is True
    shutil.copy("own_scenario.yaml", "other.yaml")
    assert main(["check", "own_policies.yaml", "--json"]) == 2
    said = capsys.readouterr()
    assert (said.out, "not of other.yaml, own_scenario.yaml" in said.err) == ("", True)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--sarif", "."], "--sarif . is a folder; name a file in it"),
        (["--sarif", "x", "--code-quality", "./x"], "--sarif and --code-quality both name x"),
        (
            ["--sarif", "own_policies.yaml"],
            "--sarif own_policies.yaml exists and is not JSON; name another file",
        ),
    ],
)
def test_a_file_of_findings_that_cannot_be_one_is_an_error(project, capsys, options, error):
    assert main(["check", "own_scenario.yaml", *options]) == 2
    said = capsys.readouterr()
    assert (said.out, error in said.err, len(said.err.splitlines())) == ("", True, 1)


def test_paths_of_files_with_spaces_and_of_files_outside(tmp_path):
    inside, outside = WrittenAt("sub dir/a.yaml", 3), WrittenAt(str(tmp_path / "b c.yaml"), 4)
    root, rule = tmp_path / "work", Rule("r", "A rule.")
    found = [Finding(rule, "m", [outside, inside]), Finding(rule, "m", [outside])]
    at = [one["location"]["path"] for one in code_quality(found, root)]
    assert at == ["sub dir/a.yaml", "../b c.yaml"]
    (first, _) = sarif(found, "c", root)["runs"][0]["results"]
    assert place(first) == ((tmp_path / "b c.yaml").as_uri(), 4)
    (related,) = first["relatedLocations"]
    assert place({"locations": [related]}) == ("sub%20dir/a.yaml", 3)
    assert related["message"]["text"] == "sub dir/a.yaml:3"


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
