"""What a page of a live network may ask for, and how its actions are undone."""

import asyncio
import json
import time
import urllib.error
import urllib.request

import pytest

from corridor.controller.api.link import Problem
from corridor.experiments.live_network.page_actions import (
    LEASE_S,
    Actions,
    Done,
    Leases,
    OfFibre,
    Policies,
    Was,
    order_of,
    toggled,
    with_change,
)
from corridor.experiments.live_network.page_measuring import Counted, shares
from corridor.topologies.base.errors import InputError
from live_page_lab import page_lab
from reconciler_lab import wiring

FIBRE = "kunming-karachi"
PAGE = "page-number-1"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with page_lab(tmp_path_factory.mktemp("lab")) as made:
        yield made


def ask(lab, path, body=None, token=None):
    """A status and the body, as JSON or text."""
    url, _, given = lab.address.partition("/#token=")
    asked = urllib.request.Request(
        url + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token or given}"},
    )
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            text, status = answer.read().decode(), answer.status
    except urllib.error.HTTPError as problem:
        text, status = problem.read().decode(), problem.code
    return status, json.loads(text) if text.startswith("{") else text


def do(lab, what, page=PAGE, **more):
    return ask(lab, "/page/do", {"do": what, "page": page, **more})


@pytest.fixture
def put_back(lab):
    yield
    assert do(lab, "put-back") == (200, {"left": []})


def test_what_is_of_the_network_needs_the_pages_token(lab):
    for path in ("/page/body", "/page/now", "/page/why?demand=ckpt-karachi", "/v1/status"):
        assert ask(lab, path, token="A" * 43)[0] == 401
        assert ask(lab, path)[0] == 200
    assert do(lab, "cut", fibre=FIBRE)[0] == 200
    assert ask(lab, "/page/do", {"do": "cut", "page": PAGE, "fibre": FIBRE}, "A" * 43)[0] == 401
    do(lab, "put-back")


def test_nothing_of_the_network_is_in_what_anybody_here_may_have(lab):
    url = lab.address.partition("/#")[0]
    for path in ("/", "/open.js", "/line.js", "/live.js", "/live.css", "/map.js", "/app.js"):
        with urllib.request.urlopen(url + path) as answer:
            text = answer.read().decode()
        assert "kunming" not in text.lower(), path
        assert lab.address.partition("=")[2] not in text


def test_a_fibre_is_cut_and_mended(lab, put_back):
    assert do(lab, "cut", fibre=FIBRE) == (200, {"changed": True})
    assert not lab.state(FIBRE)["works"]
    assert ask(lab, "/page/now")[1]["fibres"] == {FIBRE: ["cut"]}
    assert ask(lab, "/page/now")[1]["done"]["cuts"] == [FIBRE]
    assert do(lab, "mend", fibre=FIBRE) == (200, {"changed": True})
    assert lab.state(FIBRE)["works"]
    assert ask(lab, "/page/now")[1]["done"]["cuts"] == []


def test_all_that_pages_did_is_put_back_and_what_others_did_is_not(lab):
    before = ask(lab, "/v1/policies")[1]
    others = "kunming-bangkok"
    assert lab.ask("drain", fibre=others)["ok"]
    do(lab, "cut", fibre=FIBRE)
    do(lab, "drain", fibre="shanghai-guian")
    do(lab, "drain", fibre=others)
    do(lab, "day", as_of="2027-07-01")
    assert do(lab, "policies", set="th")[0] == 200
    now = ask(lab, "/page/now")[1]
    assert now["done"]["drains"] == ["shanghai-guian"]
    assert (now["status"]["policies"], now["status"]["as_of"]) == ("th", "2027-07-01")
    assert do(lab, "put-back") == (200, {"left": []})
    now = ask(lab, "/page/now")[1]
    assert now["fibres"] == {others: ["drained"]}
    assert ask(lab, "/v1/policies")[1] == before
    assert now["done"] == {"cuts": [], "drains": [], "policies": None, "day": None}
    lab.ask("restore", fibre=others)


def test_policies_that_somebody_else_set_since_are_left(lab):
    do(lab, "policies", set="th")
    sets = ask(lab, "/v1/policies")[1]
    lab.ask("policy", set={**sets, "name": "mine"})
    assert do(lab, "put-back") == (200, {"left": []})
    assert ask(lab, "/v1/status")[1]["policies"] == "mine"
    lab.ask("policy", set={**sets, "name": "none"})


def test_a_keeper_that_is_killed_is_followed_by_one_that_knows_what_to_put_back(lab):
    do(lab, "cut", fibre=FIBRE)
    lab.process._process.kill()
    lab.process.wait()
    assert not lab.state(FIBRE)["works"]
    lab.serve()
    assert ask(lab, "/page/now")[1]["done"]["cuts"] == [FIBRE]
    lab.process.close()
    assert lab.state(FIBRE)["works"], "it ends with what served it"
    lab.serve()


@pytest.mark.parametrize(
    ("order", "status", "says"),
    [
        ({"do": "cut", "fibre": "nowhere"}, 422, "nowhere"),
        ({"do": "drain", "fibre": "nowhere"}, 404, "nowhere"),
        ({"do": "policies", "set": "/etc/passwd"}, 404, "no policy set '/etc/passwd' is shipped"),
        ({"do": "day", "as_of": "soon"}, 422, "as_of"),
        ({"do": "run", "command": ["id"]}, 422, ""),
        ({"do": "cut", "fibre": FIBRE, "page": "x"}, 422, "page"),
        ({"do": "cut"}, 422, "fibre"),
        ([], 422, ""),
    ],
)
def test_what_cannot_be_asked_for_is_told(lab, order, status, says):
    body = {"page": PAGE, **order} if isinstance(order, dict) else order
    code, said = ask(lab, "/page/do", body)
    assert code == status
    assert says in said["detail"]
    assert not ask(lab, "/page/now")[1]["done"]["cuts"]


def test_why_is_told_as_explain_prints_it(lab):
    code, text = ask(lab, "/page/why?demand=ckpt-karachi")
    assert code == 200
    assert text.startswith("ckpt-karachi: guian to karachi, data class")
    assert ask(lab, "/page/why?demand=nothing")[0] == 404
    assert ask(lab, "/page/why")[0] == 404


class Operations:
    """Those of a network with one fibre. ``wrong`` is raised once something is done."""

    def __init__(self):
        self.is_cut = False
        self.wrong = None
        self.may_begin = asyncio.Event()
        self.may_begin.set()

    async def ask(self, do, **_):
        await asyncio.sleep(0)
        if do == "begin":
            await self.may_begin.wait()
        changed = self.is_cut != (do == "begin")
        self.is_cut = do == "begin"
        if self.wrong is not None and do == "begin":
            raise self.wrong
        return {"changed": changed}


class Link:
    """A controller that does what it is asked, or raises ``wrong`` and may do it ``later``."""

    def __init__(self):
        self.set, self.later = {"name": "none"}, {}
        self.wrong = None

    async def read(self, do, **_):
        return {"policies": {"set": self.set}, "topology": {"hubs": ["guian"]}}[do]

    async def change(self, _do, set):  # noqa: A002 - the request's name
        if self.wrong is not None:
            self.later, wrong, self.wrong = set, self.wrong, None
            raise wrong
        self.set = set


def made(tmp_path):
    """Actions, with the operations and the controller that they ask."""

    async def publish(_kind, _what):
        pass

    operations, link = Operations(), Link()
    actions = Actions(link, operations, tmp_path / "did.json", Leases(), publish)
    return actions, operations, link


CUT = OfFibre(do="cut", page=PAGE, fibre=FIBRE)


def test_a_cut_of_which_nobody_knows_whether_it_is_done_is_put_back(tmp_path):
    async def said():
        actions, operations, _ = made(tmp_path)
        operations.wrong = Problem("absent", "the network did not answer in 140 s")
        with pytest.raises(Problem):
            await actions.carry_out(CUT)
        assert operations.is_cut
        assert await actions.put_back("asked for") == []
        assert not operations.is_cut

    asyncio.run(said())


def test_a_cut_that_is_refused_is_not_held(tmp_path):
    async def said():
        actions, operations, _ = made(tmp_path)
        operations.wrong = Problem("bad", "no such fibre")
        with pytest.raises(Problem):
            await actions.carry_out(CUT)
        assert not actions.done

    asyncio.run(said())


def test_a_cut_that_comes_about_while_all_is_put_back_is_held_by_its_page(tmp_path):
    async def said():
        actions, operations, _ = made(tmp_path)
        operations.may_begin.clear()
        cutting = asyncio.create_task(actions.carry_out(CUT))
        await asyncio.sleep(0)
        assert await actions.put_back("asked for") == []
        operations.may_begin.set()
        assert await cutting == {"changed": True}
        assert (operations.is_cut, actions.done.cuts) == (True, [FIBRE])
        assert actions.leases.why_over(time.monotonic()) == ""
        await actions.put_back("asked for")
        assert not operations.is_cut

    asyncio.run(said())


@pytest.mark.parametrize("kind", ["late", "refused"])
def test_policies_that_may_still_come_into_force_are_put_back_and_refused_ones_are_not(
    tmp_path, kind
):
    async def said():
        actions, _, link = made(tmp_path)
        before, link.wrong = link.set, Problem(kind, "not now")
        with pytest.raises(Problem):
            await actions.carry_out(Policies(do="policies", page=PAGE, set="th"))
        assert bool(actions.done) is (kind == "late")
        if kind == "late":
            link.set = link.later
        await actions.put_back("asked for")
        assert link.set == before

    asyncio.run(said())


def test_what_a_page_did_lasts_as_long_as_it_says_that_it_is_there():
    leases = Leases()
    leases.did("a", 0)
    leases.heard("a", 100, touched=False)
    leases.heard("b", 150, touched=True)
    assert leases.why_over(100 + LEASE_S - 1) == ""
    assert leases.why_over(100 + LEASE_S) == "the page that did it is gone"


def test_what_was_done_before_a_server_was_killed_is_held_by_the_next_page_that_is_heard():
    leases = Leases()
    leases.taken_over(0)
    leases.heard("a", 60, touched=False)
    assert leases.why_over(60 + LEASE_S - 1) == ""
    assert leases.why_over(60 + LEASE_S)


def test_in_a_kiosk_somebody_must_use_a_page_besides():
    leases = Leases(idle_s=300)
    leases.did("a", 0)
    for now_s in range(0, 600, 15):
        leases.heard("a", now_s, touched=False)
    assert leases.why_over(299) == ""
    assert leases.why_over(300) == "no page was used for 300 s"
    leases.heard("b", 300, touched=True)
    assert leases.why_over(599) == ""


def test_what_was_done_is_written_and_read_and_a_change_back_is_none():
    done = Done(["x"], ["y"], Was({"name": "a"}, {"name": "b"}), Was("2026-01-01", "2027-01-01"))
    assert Done.from_json(done.to_json()) == done
    assert not Done.from_json(Done().to_json())
    first = with_change(None, "a", "b")
    assert with_change(first, "b", "c") == Was("a", "c")
    assert with_change(with_change(first, "b", "c"), "c", "a") is None
    assert toggled(["x", "y"], "x", on=True) == ["y", "x"]
    assert toggled(["x"], "x", on=False) == []


def test_an_order_is_read_or_it_is_said_what_it_is_not():
    order = order_of(b'{"do": "here", "page": "12345678", "touched": true, "demand": "a"}')
    assert (order.touched, order.demand) == (True, "a")
    for text in (b"", b"{", b"[]", b'{"do": "here"}', b'{"do": "boom", "page": "12345678"}'):
        with pytest.raises(InputError):
            order_of(text)


def test_a_fibre_is_as_full_as_its_fuller_direction():
    wired = wiring()
    fibre = wired.fibres[0]
    rate = fibre.forward.rate_bps
    before = Counted(0, {one.fibre: (0, 0) for one in wired.fibres})
    now = Counted(2 * 10**9, {**before.octets, fibre.fibre: (rate // 8, rate // 4)})
    assert shares(wired, before, now) == {fibre.fibre: 1.0}
    half = Counted(4 * 10**9, now.octets)
    assert shares(wired, before, half) == {fibre.fibre: 0.5}
    assert shares(wired, now, now) == {}
