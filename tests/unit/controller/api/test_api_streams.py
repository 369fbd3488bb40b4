"""Events as they happen, over an answer that lasts."""

import asyncio
import json
import socket
import threading
import time
from contextlib import ExitStack
from itertools import islice

import pytest

from control_socket import ApiProcess, SocketController
from corridor.controller.api.event_feed import (
    LASTS_S,
    MOST_STREAMS,
    EventFeed,
    Heard,
    Line,
    Position,
    Published,
    position_of,
    text_of,
)
from corridor.controller.api.link import ControllerLink

BRIEF = """
import sys
from corridor.controller.api import __main__, event_feed
event_feed.LASTS_S, event_feed.HEARTBEAT_S = 0.6, 0.2
sys.exit(__main__.main())
"""


def say(controller, event="switch", **what):
    controller.lab.event_log.say(event, **{"hub": "guian", "connected": True, **what})


def numbers(controller):
    return [one["n"] for one in controller.lab.event_log.since(0)]


def live(told):
    """The stream once it is live."""
    heard = iter(told)
    while next(heard)[2].get("state") != "live":
        pass
    return heard


def until(what):
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.02)


def first(told, count):
    return list(islice(told.events(), count))


def test_all_that_the_controller_remembers_is_told_with_ids_that_name_it(reconciler, api):
    known = numbers(reconciler)
    started = reconciler.lab.event_log.started_ns
    with api.stream() as told:
        assert told.response.getheader("content-type").startswith("text/event-stream")
        assert told.response.getheader("cache-control") == "no-store"
        heard = first(told, len(known))
    assert [place for place, _ in heard] == [f"{started}-{n}" for n in known]
    assert [said["n"] for _, said in heard] == known


def test_an_event_is_told_as_it_happens_and_not_with_the_next_heartbeat(reconciler, api):
    with api.stream("?since=now") as told:
        heard = live(told)
        for number in range(20):
            say(reconciler, number=number)
            _, _, said = next(one for one in heard if not one[0])
            assert said["number"] == number


@pytest.mark.parametrize("how", ["header", "since", "number"])
def test_a_client_that_was_cut_off_goes_on_where_it_was(reconciler, api, how):
    say(reconciler)
    *_, before, last = numbers(reconciler)
    place = f"{reconciler.lab.event_log.started_ns}-{before}"
    query = {"header": "", "since": f"?since={place}", "number": f"?since={before}"}[how]
    with api.stream(query, **({"Last-Event-ID": place} if how == "header" else {})) as told:
        assert first(told, 1)[0][1]["n"] == last


def test_numbers_of_a_controller_that_is_gone_take_nothing_from_the_next(tmp_path):
    path = tmp_path / "control.sock"
    with ApiProcess(path, tmp_path / "token") as api, api.stream() as told:
        heard = iter(told)
        assert next(heard)[2]["state"] == "waiting"
        with SocketController(path) as one:
            for _ in range(50):
                say(one)
            assert next(heard)[2]["state"] == "live"
            old = [place for place, _ in first(told, len(numbers(one)))][-1]
            one.instead = lambda client, _line: client.shutdown(socket.SHUT_RDWR)
            say(one)  # wakes the question that waits already
            assert next(said for kind, _, said in heard if kind)["state"] == "gone"
        with SocketController(path) as next_one:
            assert next(heard)[2]["state"] == "live"
            assert first(told, 1)[0][1]["n"] == 1
            with api.stream(**{"Last-Event-ID": old}) as again:
                ids = [place for place, _ in first(again, len(numbers(next_one)))]
                assert ids[0] == f"{next_one.lab.event_log.started_ns}-1"


def test_there_are_only_so_many_and_other_requests_are_served_beside_them(reconciler, api):
    with ExitStack() as stack:
        for _ in range(MOST_STREAMS):
            assert stack.enter_context(api.stream()).status == 200
        with api.stream() as refused:
            assert refused.status == 503
            assert json.loads(refused.response.read())["kind"] == "crowded"
            assert int(refused.response.getheader("retry-after")) > 0
        assert api.ask("GET", "/v1/status").status == 200

    def is_let_in():
        with api.stream() as again:
            return again.status == 200

    until(is_let_in)  # those that were hung up on do not count


def test_many_listen_and_the_controller_is_asked_once(reconciler, api):
    with ExitStack() as stack:
        told = [stack.enter_context(api.stream("?since=now")) for _ in range(6)]
        heard = [live(one) for one in told]
        reconciler.asked.clear()
        say(reconciler, which="all")
        for one in heard:
            assert next(said for kind, _, said in one if not kind)["which"] == "all"
        until(lambda: reconciler.asked)
        time.sleep(0.2)
        asked = [one["do"] for one in reconciler.asked]
        assert set(asked) == {"events"}
        assert len(asked) < len(heard), "once for all, and again as time goes by"


def test_while_nobody_listens_the_controller_is_asked_nothing(reconciler, api):
    with api.stream() as told:
        first(told, 1)

    def nothing_is_asked():
        reconciler.asked.clear()
        say(reconciler)
        time.sleep(0.5)
        return reconciler.asked == []

    until(nothing_is_asked)  # once it has noticed


def test_it_ends_by_itself_with_heartbeats_until_then(reconciler, tmp_path):
    with ApiProcess(reconciler.path, tmp_path / "token", program=("-c", BRIEF)) as api:
        start = time.monotonic()
        with api.stream("?since=now") as told:
            text = told.response.read().decode()
        assert time.monotonic() - start > 0.5
        assert text.startswith("retry: 500\n\n")
        assert ": still here\n\n" in text
        assert api.end()[0] == 0


def test_it_ends_with_the_process(reconciler, tmp_path):
    with ApiProcess(reconciler.path, tmp_path / "token") as api, api.stream() as told:
        first(told, 1)
        start = time.monotonic()
        threading.Thread(target=told.response.read, daemon=True).start()
        assert api.end()[0] == 0
        assert time.monotonic() - start < LASTS_S


@pytest.mark.parametrize("query", ["?since=-1", "?since=x", "?since=1-", "?since=1-2-3"])
def test_a_position_that_is_none_is_told(api, query):
    with api.stream(query) as refused:
        assert (refused.status, json.loads(refused.response.read())["kind"]) == (422, "bad")


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("now", None),
        ("7", Position(0, 7)),
        ("12-7", Position(12, 7)),
        ("", Position()),
        ("hello", Position()),
        ("1\n2", Position()),
    ],
)
def test_positions_are_read(text, means):
    assert position_of(text) == means


def test_what_is_published_and_the_line_have_kinds_of_their_own():
    heard = Heard(Line("gone", 5), [], [Published(1, "load", {"a": "x\ny"})])
    assert text_of(heard) == (
        'event: line\ndata: {"state":"gone","since_ns":5}\n\nevent: load\ndata: {"a":"x\\ny"}\n\n'
    )


def test_a_stream_ends_where_its_controller_is_not_asked_any_more(reconciler):
    """Else it would go on saying that all is live."""

    def defect(_event):
        raise KeyError("of a kind that is not known")

    async def told():
        feed = EventFeed(ControllerLink(reconciler.path, answer_s=20, change_s=20), defect)
        async for _ in feed.follow(Position(), 0.1):
            pass

    say(reconciler)
    with pytest.raises(KeyError):
        asyncio.run(asyncio.wait_for(told(), 60))
