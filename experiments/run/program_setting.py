"""What a lab is to be, and how it ended: what host and guest tell each other, in files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from corridor.controller.forwarding.program import Program
from corridor.topologies.base.codec import from_plain, to_plain
from corridor.topologies.model.wiring import Wiring

SETTING, ENDED = "lab.json", "ended.json"
STDIN, STDIN_ENDS = "stdin", "stdin.end"
STDOUT, STDERR = "stdout.txt", "stderr.txt"
ALL_PAIRS, NONE, REMOTE = "corridor", "none", "remote"
"""Controllers; any other is an app of Ryu's or os-ken's, by its module or file."""
REMOTE_PORT = 6653


@dataclass(frozen=True)
class Setting:
    """One lab."""

    wiring: Wiring | None
    """None for a bare one: Open vSwitch runs, and nothing is built."""
    program: Program | None
    """Tables for every pair of hubs."""
    controller: str
    framework: str
    command: tuple[str, ...]
    """Empty for Mininet's shell."""
    folder: str
    """Where the command is started."""
    virtual: bool
    in_guest: bool
    terminal: tuple[str, int, int] | None
    """The kind of the terminal on the second console, its rows and columns."""
    follows_stdin: bool
    """Input may still come; else all of it is there, or there is none."""
    keeps: bool
    """The folder stays: the command receives its path."""

    def write(self, folder: Path) -> None:
        (folder / SETTING).write_text(json.dumps(to_plain(self)))

    @classmethod
    def read(cls, folder: Path) -> Setting:
        return from_plain(cls, json.loads((folder / SETTING).read_text()))


class Ended(NamedTuple):
    """How a lab ended: by the command's own end, or by our failure with its message."""

    by: str
    code: int
    message: str = ""

    def to_json(self) -> str:
        return json.dumps({name: said for name, said in self._asdict().items() if said != ""})

    @classmethod
    def from_json(cls, text: str) -> Ended:
        return cls(**json.loads(text))


BY_COMMAND, BY_CORRIDOR = "command", "corridor"
