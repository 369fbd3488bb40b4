"""Moments of an update or a restart in which something may happen that else happens by chance.

The file that the environment variable ``FILE`` names tells ``crash_injection`` what to do, as
JSON, and is gone when it is done:

    {"do": "die", "at": "half flipped"}     SIGKILL at one of ``MOMENTS``
    {"do": "wait", "at": "proven"}          until the file is gone; ``waits`` is then in it
    {"do": "die", "messages": 40}           SIGKILL after this number of the next update
    {"do": "unproven"}                      every proof fails, for the life of the controller
"""

from __future__ import annotations

from collections.abc import Mapping

FILE = "CORRIDOR_MOMENT"
CONTROLLER = ("-m", "tests.chaos.crash_injection")
"""To be started as."""
MOMENTS: Mapping[str, tuple[str, str, int, str]] = {
    "next half written": ("keep next", "fsync", 1, "half"),
    "next written aside": ("keep next", "fsync", 1, "after"),
    "nothing told": ("update", "tell", 1, "before"),
    "half the groups beside": ("update", "tell", 1, "half"),
    "groups beside": ("update", "tell", 1, "after"),
    "half the entries beside": ("update", "tell", 2, "half"),
    "entries beside": ("update", "tell", 2, "after"),
    "gateways told": ("update", "dump", 1, "before"),
    "half settled": ("update", "sleep", 1, "half"),
    "proven": ("update", "sleep", 1, "after"),
    "half flipped": ("update", "bundle", 1, "half"),
    "flipped": ("update", "bundle", 1, "after"),
    "half drained": ("update", "sleep", 2, "half"),
    "drained": ("update", "sleep", 2, "after"),
    "half the entries removed": ("update", "tell", 3, "half"),
    "entries removed": ("update", "tell", 3, "after"),
    "half the groups removed": ("update", "tell", 4, "half"),
    "removed": ("update", "dump", 2, "after"),
    "standing written aside": ("keep", "fsync", 1, "after"),
    "half withdrawn": ("withdraw", "bundle", 1, "half"),
    "withdrawn at edges": ("withdraw", "bundle", 1, "after"),
    "half forgotten": ("withdraw", "tell", 1, "half"),
    "withdrawn": ("withdraw", "tell", 1, "after"),
    "half finished": ("boot", "bundle", 1, "half"),
    "finished": ("boot", "bundle", 1, "after"),
    "half repaired": ("boot", "tell", 1, "half"),
    "repaired": ("boot", "tell", 1, "after"),
}
"""Job, call, which of its kind in the job from 1, and where in it."""
