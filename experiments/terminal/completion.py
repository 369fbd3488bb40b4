"""Completion in bash, zsh and fish, by argcomplete: the shell asks the program at each Tab.

What an argument may be follows from what its help calls it: a ``FIBRE`` is a fibre with every verb.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from corridor.experiments.terminal import names

if TYPE_CHECKING:
    from corridor.experiments.terminal.parser import Parser

SHELLS = ("bash", "zsh", "fish")
PROGRAM = "corridor"
YAML = ("yaml", "yml")
OFF = ("keep",)
"""Other names of verbs, which are not proposed."""

Source = Callable[[argparse.Namespace], names.Names]
BY_METAVAR: Mapping[str, Source] = {
    "SCENARIO": names.scenarios,
    "SET": names.policy_sets,
    "SETS": names.policy_sets,
    "SET,...": names.policy_sets,
    "FORMAT,...": names.figure_formats,
    "WIDTH,...": names.figure_widths,
    "MEASURE,...": names.plan_measures,
    "VARIED,...": names.plan_samples,
    "TOPOLOGY": names.topologies,
    "SRC": names.topologies,
    "DEMAND": names.demands,
    "FIBRE": names.fibres,
    "HUB": names.hubs,
    "HUB,...": names.hubs,
    "HOST": names.hosts,
    "FROM": names.hosts,
    "TO": names.hosts,
    "A": names.hubs,
    "Z": names.hubs,
    "HOST | FIBRE": names.several(names.hosts, names.fibres),
    "DEMAND | FROM TO": names.several(names.demands, names.hosts),
    "GROUP": names.groups,
    "WHAT": names.cuts,
    "RULE": names.rules,
    "EVENT": names.outages,
    "CABLE,...": names.cables_of_traffic,
    "SEA": names.places_of_cuts,
    "NAME=ANSWER": names.readings,
    "ID=VALUE": names.interpretations,
    "PLACE": names.jurisdictions,
    "JURISDICTION": names.jurisdictions,
    "CLIMATE": names.climates,
    "FOOTPRINT": names.footprints,
    "COUNTRY": names.countries_of_traffic,
    "NAME": names.networks,
    "STUDY": names.studies,
    "ROOM": names.rooms,
}
FILES = frozenset(
    {
        "SCENARIO",
        "SET",
        "SETS",
        "SET,...",
        "TOPOLOGY",
        "PATH",
        "SRC",
        "STUDY",
        "JOBS",
        "FILE",
        "FILE.csv",
        "FOOTPRINT",
        "FILE.json",
        "OUT.yaml",
        "DIR",
        "X",
        "Y",
    }
)
"""Those that may be a file or a folder, too."""


def answer(build_parser: Callable[[Sequence[str]], Parser]) -> None:
    """Tell the shell what a word may be, and end this process.

    Args:
        build_parser: Makes the parser from the words before the cursor, without the program's name.
    """
    from argcomplete.finders import CompletionFinder

    parser = build_parser(_words_before_cursor())
    _mark(parser)
    nothing: Any = _Nothing()
    CompletionFinder()(
        parser, always_complete_options=False, exclude=OFF, default_completer=nothing
    )


def shell_code(shell: str) -> str:
    """What a shell is to read so that it asks."""
    from argcomplete.shell_integration import shellcode

    code: str = shellcode([PROGRAM], shell=shell)
    return _by_any_path(code) if shell == "fish" else code


def _by_any_path(code: str) -> str:
    """Fish asks the program that was typed, ``./corridor`` too, not the one on its PATH."""
    typed = "    set -l program (string replace -r '^~' $HOME (commandline -po)[1])\n    if set -q"
    return code.replace("    if set -q", typed, 1).replace(f"  {PROGRAM} 8>&1", "  $program 8>&1")


def _words_before_cursor() -> list[str]:
    """The words that are complete, without the program and the entry's own flags.

    ``corridor help run`` is completed as ``corridor run``: the line in the environment is changed.
    """
    line = os.environ.get("COMP_LINE", "")
    point = int(os.environ.get("COMP_POINT", len(line)))
    words = re.match(r"(\S+ +)((?:(?:help|--yes|--no-apt) +)+)", line)
    if words and words.end() <= point:
        line, point = words[1] + line[words.end() :], point - len(words[2])
        os.environ["COMP_LINE"], os.environ["COMP_POINT"] = line, str(point)
    before = line.encode()[:point].decode(errors="ignore")
    return before.split(" ")[1:-1]


def _mark(parser: Parser) -> None:
    """Give every argument what completes it, down to the last verb."""
    for action in parser.arguments:
        metavar = action.metavar if isinstance(action.metavar, str) else ""
        is_file = metavar in FILES
        if action.choices is None and (metavar in BY_METAVAR or is_file):
            action.completer = _Names(metavar)  # type: ignore[attr-defined]
    for below in parser.verbs.values():
        _mark(below)


class _Names:
    def __init__(self, metavar: str) -> None:
        self._metavar = metavar

    def __call__(self, prefix: str, parsed_args: argparse.Namespace, **_: Any) -> list[str]:
        source = BY_METAVAR.get(self._metavar)
        found = [] if source is None else list(source(parsed_args))
        if self._metavar in FILES and not any(one.startswith(prefix) for one in found):
            found += _files(prefix, self._metavar)
        before, comma, _last = prefix.rpartition(",")
        return [f"{before}{comma}{one}" for one in found] if "," in self._metavar else found


class _Nothing:
    def __call__(self, **_: Any) -> list[str]:
        return []


def _files(prefix: str, metavar: str) -> list[str]:
    from argcomplete.completers import DirectoriesCompleter, FilesCompleter

    if metavar == "DIR":
        return list(DirectoriesCompleter()(prefix))
    return list(FilesCompleter(() if metavar.startswith("FILE") else YAML)(prefix))
