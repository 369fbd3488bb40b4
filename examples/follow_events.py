"""What happens to a live network, as it happens, over its API; also after a controller has died.

.venv/bin/python examples/follow_events.py [NETWORK]     while corridor up runs; Ctrl-C ends it
"""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from corridor.experiments.live_network.session import find


def events(url: str, token: str) -> Iterator[tuple[str, dict]]:
    """Of each its kind, which is empty for the controller's own, and what it says."""
    last = ""
    while True:  # an answer lasts a minute: then on from where it ended
        headers = {"Authorization": f"Bearer {token}", "Last-Event-ID": last or "now"}
        fields: dict[str, str] = {}
        asked = Request(f"{url}/v1/stream", headers=headers)  # noqa: S310 - of this machine
        with urlopen(asked, timeout=30) as lines:  # noqa: S310
            for line in lines:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                fields[name] = value
                if not name and "data" in fields:
                    last = fields.get("id", last)
                    yield fields.get("event", ""), json.loads(fields["data"])
                if not name:
                    fields = {}


def main() -> None:
    network = find(sys.argv[1] if len(sys.argv) > 1 else None)
    token = Path(network.token_file).read_text().strip()
    try:
        for kind, said in events(network.url, token):
            if kind == "line":
                print(f"the controller: {said['state']}", flush=True)
            elif said["event"] == "status":
                print(f"{said['demand']}: {said['status']}, {' > '.join(said['hubs'])}", flush=True)
            elif not kind:
                at = time.strftime("%H:%M:%S", time.localtime(said["at_ns"] / 1e9))
                print(f"{at} {said['event']}", flush=True)
    except (URLError, ConnectionError):
        print("the network has ended")


main()
