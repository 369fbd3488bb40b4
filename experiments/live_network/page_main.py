"""``python -m corridor.experiments.live_network.page_main --control SOCKET --operations SOCKET
...``

The page of a live network, on the loopback interface, with a separate token. It says one JSON
line on standard output, as the API does; ends by SIGTERM, after it has put back what pages did,
and with its parent.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.controller.api.process import Application, run
from corridor.topologies.base.child_process import die_with_parent

if TYPE_CHECKING:
    from corridor.controller.api.link import ControllerLink
    from corridor.experiments.live_network.page_app import PageServer
from collections.abc import Mapping

from corridor.controller.api.guard import Page
from corridor.experiments.pages.page import SCRIPTS, STYLE, text_of

# The files that a page is made of, by the path under which anybody here may have them.
#
# They are the same for every network: what is of this one comes with the token alone.

HERE = Path(__file__).with_name("static")
OWN_SCRIPTS = ("open.js", "line.js", "live.js")
OWN_STYLE = "live.css"
SHELL = "shell.html"
SCRIPT_TYPE, STYLE_TYPE, HTML_TYPE = "text/javascript", "text/css", "text/html"


def files() -> Mapping[str, Page]:
    """All of them."""
    table = {"/": Page(HTML_TYPE, _own(SHELL)), f"/{OWN_STYLE}": Page(STYLE_TYPE, _own(OWN_STYLE))}
    table[f"/{STYLE}"] = Page(STYLE_TYPE, text_of(STYLE).encode())
    table |= {f"/{name}": Page(SCRIPT_TYPE, _own(name)) for name in OWN_SCRIPTS}
    return table | {f"/{name}": Page(SCRIPT_TYPE, text_of(name).encode()) for name in SCRIPTS}


def _own(name: str) -> bytes:
    return (HERE / name).read_bytes()


PUT_BACK_S = 120.0
"""Of a large network, drains and policies take half a minute each."""
STATE_FILE = "page-did.json"


def main(arguments: Sequence[str] | None = None) -> int:
    die_with_parent()
    given = _parser().parse_args(arguments)
    made: list[PageServer] = []

    def application(link: ControllerLink) -> Application:
        from corridor.controller.api.app import make_app
        from corridor.controller.api.guard import Pages
        from corridor.experiments.live_network.page_app import PagePaths

        server = _server(given, link)
        made.append(server)
        pages = files()
        app = Pages(PagePaths(make_app(link, server.feed), server), pages)
        return Application(app, open_to_all=pages, started=server.start)

    code = run(given.control, given.token_file, given.port, application)
    for server in made:
        asyncio.run(_end(server))
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m corridor.experiments.live_network.page_main", description=__doc__
    )
    parser.add_argument("--control", type=Path, required=True, help="the controller's socket")
    parser.add_argument("--operations", type=Path, required=True, help="the socket of operations")
    parser.add_argument("--token-file", type=Path, required=True, help="made if it is not there")
    parser.add_argument("--port", type=int, default=0, help="of 127.0.0.1; by default a free one")
    parser.add_argument("--network", required=True, help="what it is called")
    parser.add_argument("--results", type=Path, required=True, help="its result folder")
    parser.add_argument("--idle-s", type=float, help="put all back after so long without a touch")
    return parser


def _server(given: argparse.Namespace, link: ControllerLink) -> PageServer:
    from corridor.controller.api.event_feed import EventFeed
    from corridor.controller.policy.load import shipped_policies
    from corridor.experiments.live_network.page_actions import (
        LEASE_S,
        Actions,
        Leases,
        OperationsLink,
    )
    from corridor.experiments.live_network.page_app import Body, PageServer
    from corridor.experiments.live_network.page_measuring import Loads, Probes
    from corridor.experiments.live_network.setting import Setting
    from corridor.experiments.live_network.status_text import told

    setting = Setting.read(given.results / "raw")
    feed = EventFeed(link, told)
    operations = OperationsLink(given.operations)
    state = given.token_file.with_name(STATE_FILE)
    actions = Actions(link, operations, state, Leases(given.idle_s), feed.publish)
    about: dict[str, Any] = {
        "network": given.network,
        "sets": shipped_policies(),
        "lease_s": LEASE_S,
        "idle_s": given.idle_s,
        "at_first": {
            "policies": setting.specification.policies.name,
            "as_of": setting.specification.as_of.isoformat(),
        },
        "probed": [one.demand.id for one in setting.specification.directions],
    }
    return PageServer(
        link=link,
        feed=feed,
        operations=operations,
        actions=actions,
        loads=Loads(operations, setting.wiring, feed.publish),
        probes=Probes(operations, feed.publish),
        topology=setting.specification.topology,
        about=about,
        body=Body(given.results),
    )


async def _end(server: PageServer) -> None:
    """Whatever pages did ends with what served them."""
    left: object = ""
    try:
        async with asyncio.timeout(PUT_BACK_S):
            left = await server.actions.put_back("the page's server ends")
    except TimeoutError:
        left = f"not done in {PUT_BACK_S:g} s"
    server.operations.close()
    if left:
        print(json.dumps({"left": left}), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
