"""Controllers of the tests of restarts are forked, and are processes as good as any other."""

import json
import signal
import subprocess
import sys

import pytest

from corridor_runs import ROOT, environment

SCRIPT = """
import json, os, pathlib, sys, time
from corridor.experiments.lab import controller_process as processes
from tests.chaos import crash_points
from tests.chaos.forked_controllers import forked_controllers

framework, folder = sys.argv[1], pathlib.Path(sys.argv[2])
os.environ[crash_points.FILE] = str(folder / "moment.json")
seen = []
with forked_controllers(framework):
    for name in ("one", "next"):
        path = folder / f"{name}.sock"
        with (folder / "log").open("ab") as log:
            started = processes.start_controller(
                path,
                {"framework": framework, "topology": "mini"},
                program=crash_points.CONTROLLER,
                patient=False,
                log=log,
            )
        while not path.exists():
            assert started.poll() is None, (folder / "log").read_text()
            time.sleep(0.02)
        stat = pathlib.Path(f"/proc/{started.pid}/stat").read_text().rsplit(")", 1)[1].split()
        started.kill()
        seen.append(
            {
                "pid": started.pid,
                "is_our_child": int(stat[1]) == os.getpid(),
                "leads_its_session": int(stat[3]) == started.pid,
                "code": started.wait(10),
            }
        )
print(json.dumps(seen))
"""


@pytest.mark.parametrize("framework", ["ryu", "os-ken"])
def test_each_listens_in_a_process_and_session_of_its_own_and_can_be_killed(framework, tmp_path):
    both = f"{ROOT / '.package'}:{ROOT}"  # the package, and its tests
    command = [sys.executable, "-c", SCRIPT, framework, str(tmp_path)]
    said = subprocess.run(
        command,
        env=environment(PYTHONPATH=both),
        check=True,
        stdout=subprocess.PIPE,
        timeout=60,
    ).stdout
    seen = json.loads(said)
    assert len({one.pop("pid") for one in seen}) == 2
    child = {"is_our_child": True, "leads_its_session": True, "code": -signal.SIGKILL}
    assert seen == [child, child]
