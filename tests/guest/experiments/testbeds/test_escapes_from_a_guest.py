"""Root of a guest mounts the host's files and tries every way out, under each means."""

import json
import subprocess
import sys

import pytest

import escapes
from corridor.experiments.testbeds import containment
from corridor_runs import environment

pytestmark = pytest.mark.guest
LAB_S = 110
UNDER = """
import sys
from corridor.experiments.testbeds import containment
containment.means = lambda: sys.argv[1]
from corridor.experiments import cli
sys.exit(cli.main(sys.argv[2:]))
"""


@pytest.fixture(params=["landlock", "bubblewrap"])
def means(request, virtual_kernel):
    has = {
        "landlock": containment.landlock.version(),
        "bubblewrap": containment._bubblewrap_works(),
    }
    if not has[request.param]:
        pytest.skip(f"this machine has no {request.param}")
    return request.param


@pytest.mark.parametrize("clock", ["virtual", "real"])
def test_root_of_a_guest_finds_no_way_out(means, clock, tmp_path):
    home = escapes.make_home(tmp_path)
    before = escapes.state(home)
    out = tmp_path / "out"
    asked = ("lab", "--quiet", "--out", str(out), "--clock", clock, "--read", str(escapes.SCRIPT))
    program = ("--", "python3", str(escapes.SCRIPT), "/run/r", str(home), "/run/corridor/out")
    (tmp_path / "work").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", UNDER, means, *asked, *program],
        capture_output=True,
        text=True,
        timeout=LAB_S,
        check=False,
        cwd=tmp_path / "work",
        env=environment(),
    )
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert len(outcome) >= 20
    assert escapes.open_edges(outcome) == {}
    assert escapes.state(home) == before
    assert escapes.SECRET not in done.stdout
    assert {path.name for path in out.iterdir()}.isdisjoint(
        {"moved", "hard", "soft", "disk", "pipe"}
    )
