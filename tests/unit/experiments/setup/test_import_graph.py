"""Which tests a room affects: those that import it, directly, through others, or by its name."""

from pathlib import Path

import pytest

from corridor.experiments.setup.import_graph import ImportGraph

ROOT = Path(__file__).resolve().parents[4]
VERB = "def add_parser(verbs): ...\n"
TREE = {
    "topologies/base/__init__.py": "",
    "topologies/base/units.py": "",
    "topologies/base/colours.py": "",
    "topologies/formats/__init__.py": "",
    "topologies/formats/load.py": "from corridor.topologies.base import units",
    "controller/policy/__init__.py": "",
    "controller/policy/law.py": "import corridor.topologies.formats.load",
    ".package/corridor/__init__.py": "from corridor.controller.policy.law import law, load",
    "experiments/cli.py": "import_module(f'corridor.experiments.commands.{verb}')",
    "experiments/commands/__init__.py": "",
    "experiments/commands/check.py": f"{VERB}from corridor.controller.policy import law",
    "experiments/commands/list.py": VERB,
    "experiments/commands/up.py": f"{VERB}SETTINGS = dict(aliases=['keep'])",
    "examples/own.py": "import corridor\ncorridor.load('x')",
    "tests/support/lab.py": "from corridor.controller.policy.law import x",
    "tests/unit/conftest.py": "from corridor.topologies.formats.load import x\ndef loaded(): ...",
    "tests/unit/test_units.py": "from corridor.topologies.base.units import x",
    "tests/unit/test_colours.py": "from corridor.topologies.base.colours import x",
    "tests/unit/test_loaded.py": "def test_it(loaded): ...",
    "tests/unit/test_lab.py": "from lab import x",
    "tests/unit/test_command.py": "run([sys.executable, '-m', 'corridor.experiments.cli'])",
    "tests/support/said.py": "import corridor.experiments.cli as c\nSAID = c.main('check a')",
    "tests/unit/test_said.py": "from said import SAID",
    "tests/unit/test_shell.py": "NAME = 'corridor.experiments.cli'\nrun('cd x && ./corridor list')",
    "tests/unit/test_alias.py": "import corridor.experiments.cli as c\nc.main(['keep', 'x check'])",
    "tests/unit/test_looked.py": "from said import SAID\nassert SAID['list'] == 'up'",
    "tests/unit/test_own.py": "run('examples/own.py')",
    "tests/guest/inside/seen.py": "from corridor.topologies.base.colours import x",
    "tests/soak/__main__.py": "run([sys.executable, '-m', 'tests.soak.run'])",
    "tests/soak/run.py": "from corridor.topologies.base.colours import x",
    "tests/guest/test_seen.py": "def test_it(): seen_inside('seen')",
    "tests/guest/test_soak.py": "run([sys.executable, '-m', 'tests.soak'])",
    "tests/unit/test_entry.py": "run('./corridor')",
}
CHECK = ("command", "said", "looked")
"""These type ``check``, or a verb that is not known."""
GUEST = ("seen", "soak")
"""These start programs, in which alone a room is imported."""


@pytest.fixture
def graph(tmp_path: Path) -> ImportGraph:
    for name, text in TREE.items():
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return ImportGraph(tmp_path)


@pytest.mark.parametrize(
    ("room", "expected"),
    [
        ("topologies/base", {"units", "colours", "loaded", "lab", "own", *CHECK, *GUEST}),
        ("topologies/formats", {"loaded", "lab", "own", *CHECK}),
        ("controller/policy", {"lab", "own", *CHECK}),
        ("experiments/commands", {"shell", "alias", *CHECK}),
    ],
)
def test_tests_of_a_room_are_those_that_reach_one_of_its_files(graph, room, expected):
    found = {Path(one).stem.removeprefix("test_") for one in graph.tests_of([room])}
    assert found == expected


def test_a_verb_that_the_product_starts_affects_the_tests_of_what_starts_it(tmp_path, graph):
    (tmp_path / "topologies/formats/keep.py").write_text(
        'RUN = (sys.executable, "-m", "corridor.experiments.cli", "list", "--json")'
    )
    up = tmp_path / "experiments/commands/up.py"
    up.write_text(f"{up.read_text()}\nfrom corridor.topologies.formats import keep\n")
    before, now = (
        {Path(one).stem for one in of.tests_importing("experiments/commands/list.py")}
        for of in (graph, ImportGraph(tmp_path))
    )
    assert "test_alias" not in before
    assert now == before | {"test_alias"}


def test_a_verb_affects_the_tests_that_type_it_and_those_whose_verb_is_not_known(graph):
    def typing(verb):
        found = graph.tests_importing(f"experiments/commands/{verb}.py")
        return {Path(one).stem.removeprefix("test_") for one in found}

    assert typing("check") == set(CHECK)
    assert typing("list") == {"command", "shell"}
    assert typing("up") == {"command", "alias"}


def test_a_room_that_is_named_includes_the_rooms_inside_it(graph):
    assert graph.rooms_named("topologies") == {"topologies/base", "topologies/formats"}
    assert graph.rooms_named("controller/policy/") == {"controller/policy"}
    assert graph.rooms_named("controller/pol") == frozenset()


def test_a_file_of_data_belongs_to_the_room_around_it(graph):
    assert graph.room_of("topologies/formats/data/mini.yaml") == "topologies/formats"
    assert graph.room_of("docs/design.md") is None


def test_tests_of_a_helper_import_it_and_tests_of_a_conftest_lie_below_it(graph):
    assert graph.tests_importing("tests/support/lab.py") == {"tests/unit/test_lab.py"}
    assert graph.tests_importing("tests/unit/test_units.py") == {"tests/unit/test_units.py"}
    assert len(graph.tests_importing("tests/unit/conftest.py")) == 11


def test_a_program_of_the_tests_affects_the_tests_that_start_it(graph):
    for file in ("tests/soak/__main__.py", "tests/soak/run.py"):
        assert graph.tests_importing(file) == {"tests/guest/test_soak.py"}
    assert graph.tests_importing("tests/guest/inside/seen.py") == {"tests/guest/test_seen.py"}


def test_tests_that_import_no_room_are_known(graph):
    started = {f"tests/guest/test_{one}.py" for one in GUEST}
    assert graph.tests_that_import_no_room == {"tests/unit/test_entry.py", *started}


def test_in_this_checkout_a_pure_room_below_knows_nothing_of_the_rooms_above():
    graph = ImportGraph(ROOT)
    tests = graph.tests_of(graph.rooms_named("controller/policy"))
    assert "tests/unit/controller/policy/clauses/test_policy_semantics.py" in tests
    assert "tests/unit/controller/prover/test_prover_kills_mutants.py" in tests
    assert "tests/guest/experiments/run/test_policies_in_runs.py" in tests
    assert "tests/unit/topologies/base/test_units.py" not in tests
    assert "tests/unit/traffic/packets/test_pcapng.py" not in tests
