"""A network brought up by ``corridor up`` in a guest with the real clock, used over its session."""

import json
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from corridor.controller.api.control_client import ask
from corridor.topologies.base.scratch import PREFIX
from corridor_runs import broken_copy, corridor, environment, seen_inside
from live_runs import Api, LiveRun
from written_images import layer, layout, programs

pytestmark = [pytest.mark.guest, pytest.mark.timeout(300)]
OPTIONS = ("mini", "--testbed", "uml")
FIBRE = "kunming-karachi"
CALM_S = 120
OPEN = {"id": "OPEN", "effect": "permit", "match": {}}
NO_LAOS = {
    "id": "NO-LAOS",
    "effect": "restrict",
    "match": {},
    "hard": {"avoid": {"crosses": ["LA"]}},
}


def policy_set(*policies, title=""):
    return {"name": "mine", "title": title, "policies": [OPEN, *policies]}


@pytest.fixture
def keep(tmp_path, virtual_kernel):
    runs = []

    def start(*options, **more):
        runs.append(LiveRun(tmp_path / str(len(runs)), *OPTIONS, *options, **more))
        return runs[-1]

    yield start
    for run in runs:
        run.close()


@pytest.fixture(scope="module")
def kept(tmp_path_factory, virtual_kernel):
    """One that is calm, for tests that leave it as it was; ``first`` is its first answer."""
    run = LiveRun(tmp_path_factory.mktemp("kept") / "shared", *OPTIONS)
    try:
        run.first = Api(run.session()).ask("/v1/status")
        run.wait_until_it_says("] ready: 12 UP", CALM_S)
        yield run
    finally:
        run.close()


@pytest.fixture(scope="module")
def api(kept):
    return Api(kept.session())


def path_of(api, demand):
    return api.demands()[demand]["hubs"]


def test_it_is_reached_from_its_first_moment_and_serves_every_demand_in_the_end(kept, api):
    code, said = kept.first
    assert (code, said["kind"]) == (503, "absent")
    assert api.statuses() == {"UP"}
    assert Path(kept.session()["token_file"]).read_text().strip() not in kept.said()


@pytest.mark.promise("`up` keeps a network that commands and the API change")
def test_other_policies_move_what_they_forbid_and_refuse_what_cannot_be(kept, api):
    assert path_of(api, "render-bangkok") == ["kunming", "bangkok"]
    code, said = api.ask("/v1/policies", "PUT", policy_set(NO_LAOS))
    assert code == 200, said
    assert path_of(api, "render-bangkok") != ["kunming", "bangkok"]
    kept.wait_until_it_says("moved to epoch 1 (policies mine)")
    kept.wait_until_it_says("render-bangkok: UP, kunming > ")
    assert api.ask("/v1/policies", "PUT", policy_set({"id": "?"}))[0] == 422
    assert api.ask("/v1/policies", "PUT", policy_set())[0] == 200
    assert path_of(api, "render-bangkok") == ["kunming", "bangkok"]


def test_a_fibre_is_drained_and_restored(api):
    assert path_of(api, "ckpt-karachi") == ["guian", "kunming", "karachi"]
    code, said = api.ask(f"/v1/fibres/{FIBRE}/drain", "POST")
    assert code == 200, said
    assert api.ask("/v1/topology")[1]["fibres"][FIBRE]["drained"]
    assert path_of(api, "ckpt-karachi") != ["guian", "kunming", "karachi"]
    assert api.ask(f"/v1/fibres/{FIBRE}/restore", "POST")[0] == 200
    assert path_of(api, "ckpt-karachi") == ["guian", "kunming", "karachi"]


def test_large_requests_and_answers_pass_the_line_whole(api):
    title = "".join(f"{number:09d} " for number in range(50_000))
    code, said = api.ask("/v1/policies", "PUT", policy_set(title=title))
    assert code == 200, said
    assert api.ask("/v1/policies")[1]["title"] == title.strip()
    assert api.ask("/v1/policies", "PUT", policy_set())[0] == 200
    code, proof = api.ask("/v1/proof")
    assert (code, proof["holds"]) == (200, True)


def test_many_ask_at_once_and_none_waits_for_an_audit(api):
    with ThreadPoolExecutor(12) as pool:
        audit = pool.submit(api.ask, "/v1/audit", "POST")
        asked = [pool.submit(api.ask, "/v1/topology") for _ in range(20)]
        told = [pool.submit(api.ask, f"/v1/demands/{name}") for name in api.demands()]
        assert audit.result() == (200, {"was_whole": True})
        assert [one.result() for one in (*asked, *told) if one.result()[0] != 200] == []
        assert {one.result()[1]["demand"] for one in told} == set(api.demands())


def test_its_control_socket_on_the_host_is_the_users_alone_and_answers_to_anything(kept):
    (control,) = kept.temporary.glob(f"{PREFIX}*/control.sock")
    assert control.parent.stat().st_mode & 0o077 == 0
    assert ask(control, "status")["ok"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.connect(str(control))
        link.sendall(b"\x03\x04 no JSON \xff\x11\x13\r\n")
        with link.makefile("rb") as lines:
            assert not json.loads(lines.readline())["ok"]
    assert ask(control, "status")["ok"]


def test_when_it_is_asked_to_end_it_leaves_its_results_and_nothing_else(keep):
    """By Ctrl-C; ``corridor down`` sends SIGTERM, which ``test_operations.py`` has."""
    run = keep("--name", "mine", "--framework", "os-ken", "--json")
    session = run.session()
    assert session["name"] == "mine"
    run.until(lambda: '"name": "ready"' in run.said(), CALM_S)
    run.processes()
    run.process.send_signal(signal.SIGINT)
    assert run.process.wait(30) == 128 + signal.SIGINT, run.complained()
    run.assert_nothing_is_left()
    assert not run.sessions.exists() or list(run.sessions.iterdir()) == []
    events = [json.loads(line) for line in run.said().splitlines()]
    assert events[0]["event"] == "session"
    phases = [event["name"] for event in events if event["event"] == "phase"]
    assert phases == ["build", "ready", "read-back", "teardown", "end"]
    tables = json.loads((run.folder / "tables/after.json").read_text())
    assert all(tables["switches"].values())
    assert {one["fail_mode"] for one in tables["settings"].values()} == {"secure"}
    assert json.loads((run.folder / "proof.json").read_text())["holds"]
    manifest = json.loads((run.folder / "manifest.json").read_text())
    assert (manifest["framework"], manifest["testbed"]["clock"]) == ("os-ken", "real")
    left = {path.name for path in run.folder.iterdir()}
    assert left >= {"scenario.yaml", "events.jsonl", "controller.log", "audit"}
    assert left >= {"interfaces.txt", "hosts.txt"}


def test_asked_to_end_while_it_is_being_built_it_leaves_nothing_either(keep):
    run = keep()
    run.wait_until_it_says("building the network")
    run.processes()
    run.process.send_signal(signal.SIGINT)
    assert run.process.wait(30) == 130, run.complained()
    run.assert_nothing_is_left()


def test_killed_it_takes_guest_and_api_with_it_and_the_next_tidies_up(keep):
    run = keep()
    first = run.session()
    run.wait_until_it_says("] ready: 12 UP", CALM_S)
    run.kill()
    deadline = time.monotonic() + 10
    while run.processes() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert run.processes() == {}
    with pytest.raises(OSError):  # noqa: PT011 - refused by any error
        socket.create_connection(("127.0.0.1", int(first["url"].rpartition(":")[2])), 1)
    run.start(run.folder.with_name("again"), *OPTIONS)
    run.wait_until_it_says("] ready: 12 UP", CALM_S)
    second = run.session()
    assert second["pid"] == run.process.pid
    assert Api(second).statuses() == {"UP"}
    run.processes()
    run.process.send_signal(signal.SIGINT)
    assert run.process.wait(30) == 130
    run.assert_nothing_is_left()
    assert list(run.sessions.iterdir()) == []


@pytest.mark.promise("`up` keeps a network that commands and the API change")
def test_commands_in_another_terminal_use_it(kept):
    state = str(kept.sessions.parents[1])

    def said(*words):
        ran = subprocess.run(
            corridor(*words), env=environment(XDG_STATE_HOME=state), capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    assert "all tables verified" in said("status")
    assert f"{FIBRE} drained" in said("drain", FIBRE) + said("events")
    assert "drained: kunming-karachi" in said("status", "--network", "mini")
    said("restore", FIBRE)
    said("policy", "set", "none")
    assert "none, as of" in said("policy", "show")


def test_a_program_has_the_files_of_an_image_and_its_own_copy_of_etc(kept, tmp_path):
    """The image's own command, user, folder and environment; ``/usr`` stays as it is."""
    base = {**programs("sh", "id", "cat", "touch"), "etc": None, "etc/motd": b"lower"}
    users = {"etc/passwd": b"root:x:0:0::/:/bin/sh\nweb:x:7:8::/:/bin/sh\n", "srv": None}
    config = {
        "Cmd": ["sh", "-c", "id -u; id -g; cat /etc/motd; echo $COLOUR; pwd"],
        "Env": ["COLOUR=blue", "PATH=/usr/bin:/bin"],
        "WorkingDir": "/srv/made",
        "User": "web",
    }
    layers = [layer({**base, **users}), layer({"etc/motd": b"upper\n"})]
    of_web = layout(tmp_path / "web", layers, config)
    of_root = layout(tmp_path / "root", layers, {"Env": ["PATH=/usr/bin:/bin"]})
    state = environment(XDG_STATE_HOME=str(kept.sessions.parents[1]))

    def said(place, *words):
        ran = corridor("exec", "--image", str(place), "guian", *words)
        done = subprocess.run(
            ran, env=state, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        return done.returncode, done.stdout, done.stderr

    assert said(of_web) == (0, "7\n8\nupper\nblue\n/srv/made\n", "")
    writes = "touch /etc/new /shared/seen && cat /etc/hosts; touch /usr/new"
    code, out, err = said(of_root, "sh", "-c", writes)
    assert (code, "karachi" in out, "Read-only file system" in err) == (1, True, True)
    assert (Path(kept.session()["out"]) / "shared/seen").exists()
    assert said(of_root, "cat", "/etc/new")[0] == 1
    assert said(of_root, "nothing")[::2] == (2, "corridor: nothing: No such file or directory\n")
    of_nobody = layout(tmp_path / "nobody", layers, {"User": "nobody"})
    unknown = "corridor: /etc/passwd of the image has no nobody; name a number instead\n"
    assert said(of_nobody, "sh")[::2] == (2, unknown)
    refused = said(tmp_path, "sh")
    assert (refused[0], "no root file system and no OCI layout" in refused[2]) == (2, True)


def test_debians_kernel_does_as_well(tmp_path, stock_kernel, monkeypatch):
    """Its consoles stop reading forever, too."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "nothing built"))
    run = LiveRun(tmp_path / "stock", *OPTIONS)
    try:
        api = Api(run.session())
        run.wait_until_it_says("] ready: 12 UP", CALM_S)
        assert stock_kernel.version in run.said()
        assert api.ask("/v1/policies", "PUT", policy_set(title="x" * 100_000))[0] == 200
        assert len(api.ask("/v1/policies")[1]["title"]) == 100_000
    finally:
        run.close()


def test_with_mininets_command_line_it_ends_when_that_is_left(tmp_path, virtual_kernel):
    done = subprocess.run(
        corridor("up", "mini", "--testbed", "uml", "--mininet", "--out", str(tmp_path / "out")),
        input="pingall\n",
        env=environment(XDG_STATE_HOME=str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert done.returncode == 0, done.stderr
    assert "*** Results: " in done.stdout
    assert done.stdout.index("ready: 12 UP") < done.stdout.index("*** Ping: testing")
    assert "taking down" in done.stdout
    assert (tmp_path / "out/tables/after.json").exists()


def test_a_second_of_the_same_name_is_refused(kept):
    state = str(kept.sessions.parents[1])
    second = subprocess.run(
        corridor("up", "mini"),
        env=environment(XDG_STATE_HOME=state),
        capture_output=True,
        text=True,
    )
    assert second.returncode == 2
    assert f'a network "mini" is up already, by process {kept.process.pid}' in second.stderr
    assert second.stdout == ""


@pytest.mark.promise("a new controller takes over from one that died")
def test_a_controller_that_dies_is_followed_by_one_that_takes_over_until_it_dies_too_often(
    keep, tmp_path
):
    """In a copy of the code in which counting is deadly."""
    request = "def counters(self, _request: JsonObject) -> Answer:\n"
    deadly = request + "        __import__('os')._exit(7)\n"
    code = broken_copy(tmp_path, "controller/reconcile/control.py", request, deadly)
    run = keep(code=code)
    api = Api(run.session())
    run.wait_until_it_says("] ready: 12 UP", CALM_S)
    for times in (1, 2, 3):
        assert api.ask("/v1/counters")[0] == 503
        for told in ("the controller ended with code 7", "a new controller took over"):
            run.until(lambda told=told, times=times: run.said().count(told) == times)
        run.until(lambda: api.statuses() == {"UP"})
    assert api.ask("/v1/counters")[0] == 503
    assert run.process.wait(30) == 3
    assert "the controller ended 4 times, at last with code 7" in run.complained()
    run.assert_nothing_is_left()


@pytest.fixture(scope="module")
def natively(tmp_path_factory, virtual_kernel):
    """What a script saw that kept one network after another in the kernel it runs in."""
    return seen_inside(virtual_kernel, tmp_path_factory.mktemp("natively"), "live_natively")


def test_as_root_a_network_is_kept_in_this_kernel_where_cables_can_be_cut_by_hand(natively):
    seen = natively["used"]
    assert "broken" not in seen, seen["broken"]
    assert seen["testbed"] == "native"
    assert seen["there"]["links"] > natively["before"]["links"] + 20
    around = ["guian", "kunming", "bangkok", "karachi"]
    assert (seen["drain"], seen["restore"]) == (around, seen["direct"])
    assert (seen["cut"], seen["works while cut"]) == (around, False)
    assert "failed: fibre kunming-karachi" in seen["told"]
    assert "1 received" in seen["ping"]
    assert seen["exec"].split()[0].endswith("/shared")
    assert seen["exec"].split()[1:] == ["10.0.0.5", "karachi"]
    assert seen["by hand"] == f"cut {FIBRE}: begun\ncut {FIBRE}: ended\n"
    states = seen["page"].pop("states")
    assert states[FIBRE][0] == "cut", "and held out, since it flapped"
    assert seen["page"] == {"title": True, "code": 130}
    assert seen["code"] == 130
    assert seen["proven"]
    assert seen["left"] == natively["before"]


def test_killed_it_has_its_network_taken_down_and_what_is_left_goes_with_the_next(natively):
    """A note of the network and of the session, whose processes are dead."""
    seen = natively["killed"]
    assert "broken" not in seen, seen["broken"]
    assert seen["left"]["links"] == natively["before"]["links"]
    assert seen["left"]["processes"] == seen["left"]["sockets"] == []
    assert seen["left"]["sessions"] == ["mini"]


def test_the_next_begins_as_if_none_had_been_killed_and_leaves_nothing(natively):
    seen = natively["again"]
    assert "broken" not in seen, seen["broken"]
    assert seen["there"]["links"] == natively["used"]["there"]["links"]
    assert seen["path"] == natively["used"]["direct"]
    assert (seen["code"], seen["proven"], seen["left"]) == (130, True, natively["before"])
