"""Plain English in pages and code: words never used, and turns of phrase that only become fewer."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator

import pytest
from test_docs_pages import ALL, ROOT, lines, name_of
from test_rooms import everything

NEVER = (
    *("keeper", "governor", "switchboard", "doom", "eyes", "scene", "cast", "teller", "stranger"),
    *("anew", "manieth", "whoever", "doubt"),
)
"""Words with a better term: reconciler, deployer, channel, crash point, capture, set-up, targets,
progress, foreign entry, again, which position, the process that, unproven."""
TURNS = (
    r"\bways?\b(?! (?:out|to (?:do|say|tell|go wrong)|round it))",
    r"\b(?:is|are|was|were|be|been|not) told\b|\btells? (?:what|which|whom|of|how)\b",
    r"\btold (?:of|by|what)\b|\b(?:is|are|was) said\b|\bsays? (?:of|that it)\b|\bsaid of\b",
    r"\bnobody\b|\bsomebody\b|\bbefall\w*\b|\bwhom\b|\bmeanwhile\b|\bapart\b|\bbeside\b",
    r"\bby itself\b|\bonce more\b|\bthere and back\b|\bforeseen?\b|\bforesees\b|\bforetold?\b",
    r"\bwhat (?:becomes|became|comes|came) (?:of|to)\b|\bcame of (?:it|that)\b",
    r"\bis of (?:no|it|one|none|a|the)\b|\bof which (?:none|nothing|no)\b|\bof no \w+\b",
    r"\bkept back\b|\bkeeps? (?:\w+ )?back\b|\b(?:goes|go) unjudged\b|\bnot judged\b|\bunjudged\b",
    r"\bhow sure\b|\bsureness\b|\bsurely\b|\bunsure\b|\bdraws of\b|\btoo full\b",
    r"\bmend(?:s|ed|ing)?\b|\bspoil(?:s|t|ed)?\b|\black(?:s|ed|ing)?\b|\bowe[sd]?\b",
    r"\bas it has it\b|\bso many\b|\bthe most\b|\bthe least\b|\bon the mean\b",
    r"\bis no \w+|\bare no \w+|\bof (?:its|one's|their|his|a user's) own\b|\bof ours\b",
    r"\bstands? (?:in|on|beside|for itself|by itself|there)\b|\bstood\b|\bgo(?:es|ne)? round\b",
)
"""Turns of phrase that a reader in a second language stumbles over. They are places to look at, so
each folder has a number, which may only fall."""
AT_MOST = {
    "README.md": 3,
    "controller": 140,
    "docs": 83,
    "docs/decisions": 8,
    "docs/stories": 5,
    "examples": 6,
    "experiments": 504,
    "topologies": 38,
    "traffic": 31,
}
"""Lines with a turn of phrase, by folder of pages or code. Lower a number, never raise it."""
PROSE = re.compile(r"[\"#]|^\s*[A-Z][^=(]*[a-z .,;:]$")
NO_PROSE = re.compile(r"\s*(```|\|?\s*`|[a-z_]+:)")
SUFFIXES = (".md", ".py", ".js", ".j2", ".html", ".yaml")
ROOTS = ("docs", "examples", "topologies", "controller", "traffic", "experiments")
FOLDERS = ("docs/stories", "docs/decisions", *ROOTS)


def pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\b({'|'.join(words)})(?:s|'s|ed|ing)?\b", re.I)


def split(identifier: str) -> str:
    """``KeeperLink`` and ``keeper_link`` as separate words."""
    return re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", identifier).replace("_", " ")


def prose(text: str) -> Iterator[tuple[int, str]]:
    """Strings and comments of a module, and the names it defines."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.COMMENT, tokenize.STRING, tokenize.FSTRING_MIDDLE):
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, split(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, split(node.id)
        elif isinstance(node, ast.arg):
            yield node.lineno, split(node.arg)


def used(file: str, parts: Iterator[tuple[int, str]]) -> list[str]:
    words = pattern(NEVER)
    return [f"{file}:{line}: {found[0]}" for line, part in parts if (found := words.search(part))]


@pytest.mark.parametrize("page", ALL, ids=name_of)
def test_pages_do_not_use_words_with_a_better_term(page):
    assert used(name_of(page), ((number, line) for number, line, _ in lines(page))) == []


def test_the_code_does_not_use_words_with_a_better_term():
    assert [one for file, text in everything() for one in used(file, prose(text))] == []


def test_the_test_of_words_sees_them():
    code = 'class KeeperLink:\n    """Whoever waits."""\n\n    def scene_of(self, doubt): ...\n'
    found = used("x.py", prose(code))
    assert [one.rpartition(" ")[2].lower() for one in found] == [
        "whoever",
        "keeper",
        "scene",
        "doubt",
    ]


def folder_of(path: str) -> str:
    return next((one for one in FOLDERS if path.startswith(f"{one}/")), path)


def turns_by_folder() -> Counter[str]:
    """Lines of prose with a turn of phrase, by folder; data of the map aside."""
    turns = re.compile("|".join(TURNS), re.I)
    files = [ROOT / "README.md", *(file for one in ROOTS for file in (ROOT / one).rglob("*.*"))]
    found: Counter[str] = Counter()
    for file in files:
        path = name_of(file)
        if file.suffix in SUFFIXES and not path.startswith("topologies/data"):
            text = file.read_text(encoding="utf-8", errors="replace").splitlines()
            found[folder_of(path)] += sum(
                bool(turns.search(line)) for line in text if is_prose(path, line)
            )
    return found


def is_prose(path: str, line: str) -> bool:
    return not NO_PROSE.match(line) if path.endswith(".md") else bool(PROSE.search(line))


def test_turns_of_phrase_only_become_fewer():
    found = turns_by_folder()
    more = {
        folder: (found[folder], most) for folder, most in AT_MOST.items() if found[folder] > most
    }
    assert more == {}, "found, at most: use the terms of docs/glossary.md"
    assert set(found) <= {*AT_MOST}
