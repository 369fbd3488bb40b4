"""Which verbs of the command line the tests of a file type, and so which of its modules they use.

The command line imports the module of a verb when the verb is called. A test that reaches the
command line therefore depends on the verbs that its strings name, not on all. A string names the
verb with which it begins, as ``"check"`` or ``"check mini.yaml"``, and verbs behind ``corridor``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property

from corridor.experiments.setup.source_names import first_words

DISPATCHER = "experiments/cli.py"
ROOMS = tuple(f"experiments/{one}" for one in ("commands", "live_commands", "topology_commands"))
EVERY = re.compile(
    r"\b(?:VERBS|FAMILIES|SUMMARIES|build_parser)\b|[\"'](?:man|completion)[\"']"
    r"|^(?:from|import) (?:doc_blocks|notebook)\b",
    re.MULTILINE,
)
"""What names every verb: their lists and parsers, and what runs the blocks of all pages."""
STARTED = re.compile(r"\"corridor\.experiments\.cli\",\s*\"(\w+)\"")
"""A command line of the product in its own code."""
ALIASES = re.compile(r"\baliases=\[([^]]*)\]")


class VerbsTyped:
    """The verbs of the command line, and what types them.

    Args:
        texts: the sources of a checkout, by path.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._typed: dict[str, set[str]] = {}

    def modules(self, files: Iterable[str]) -> set[str]:
        """Return the files of the verbs that these files type between them: of all if of none."""
        found: set[str] = set()
        for file in files:
            if EVERY.search(self._texts[file]):
                return self._all
            found |= {self._files[word] for word in self._words(file)}
        return found or self._all

    def started_by(self, file: str) -> set[str]:
        """Return the files of the verbs that a file of the product starts in another process."""
        return {
            self._files[one] for one in STARTED.findall(self._texts[file]) if one in self._files
        }

    def _words(self, file: str) -> set[str]:
        if file not in self._typed:
            self._typed[file] = first_words(self._texts[file]) & self._files.keys()
        return self._typed[file]

    @property
    def _all(self) -> set[str]:
        return set(self._files.values())

    @cached_property
    def _files(self) -> dict[str, str]:
        """The file of each verb and of each alias."""
        found: dict[str, str] = {}
        for file, text in self._texts.items():
            folder, _, name = file.rpartition("/")
            if folder in ROOMS and "def add_parser(" in text:
                names = re.findall(r"\w+", " ".join(ALIASES.findall(text)))
                found |= dict.fromkeys((name.removesuffix(".py"), *names), file)
        return found
