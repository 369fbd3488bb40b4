"""The site of the documentation: what it lists, that nothing in it leads nowhere, its search."""

from __future__ import annotations

import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from corridor.experiments.cli import main
from corridor.experiments.setup import documentation_site as site
from corridor.experiments.setup.navigation import Part, hidden_tree, parts
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError

ROOT = Path(__file__).resolve().parents[4]
INDEX = """# Documentation
- [Elsewhere](elsewhere.md): not listed
## All pages
### Begin
- [Tutorial](tutorial.md): half an hour
- [Story](stories/planner.md): ten minutes; see [setup](setup.md)
### Empty
## Decisions
| | |
|---|---|
| [1](decisions/0001-x.md) | x |
"""


def test_the_sidebar_lists_what_the_index_lists():
    assert parts(INDEX) == [
        Part("Begin", ("tutorial", "stories/planner")),
        Part("Decisions", ("decisions/0001-x",)),
    ]
    assert ":caption: Begin" in hidden_tree(("tutorial",), "Begin")


def test_the_index_lists_every_page_once():
    listed = [page for part in parts((ROOT / "docs/README.md").read_text()) for page in part.pages]
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert sorted(f"{page}.md" for page in listed) == sorted(pages - {"README.md"})


def test_without_sphinx_it_says_what_installs_it(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(site, "NEEDED", ("sphinx", "no_such_generator"))
    with pytest.raises(EnvironmentUnsupported, match="no_such_generator"):
        site.require()
    assert main(["docs", "--out", str(tmp_path)]) == 3
    assert "./corridor setup --docs" in capsys.readouterr().err


class Leads(HTMLParser):
    """What a page points to, and the places in it that others may point to."""

    def __init__(self, text):
        super().__init__()
        self.to, self.loaded, self.places = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.places |= {found.get("id"), found.get("name")}
        self.to += [found[key] for key in ("href", "src") if found.get(key)]
        if tag != "a":
            self.loaded += [found[key] for key in ("href", "src") if found.get(key)]


def dead_ends(folder):
    """Links of a site's pages to files or places that are not there, and what is loaded by net."""
    pages = {path: Leads(path.read_text(encoding="utf-8")) for path in folder.rglob("*.html")}
    for path, page in pages.items():
        for target in page.to:
            at = urlsplit(target)
            other = (path.parent / unquote(at.path)).resolve() if at.path else path
            places = pages[other].places if other in pages else {unquote(at.fragment)}
            local = other.exists() and (not at.fragment or unquote(at.fragment) in places)
            if target in page.loaded if at.scheme else not local:
                yield path.name, target


def test_dead_ends_are_seen(tmp_path):
    text = '<a href="b.html#x">a</a><img src="https://example.org/y"><a href="https://example.org">'
    (tmp_path / "a.html").write_text(text)
    (tmp_path / "b.html").write_text('<p id="z"><a href="c.html">')
    assert sorted(dead_ends(tmp_path)) == [
        ("a.html", "b.html#x"),
        ("a.html", "https://example.org/y"),
        ("b.html", "c.html"),
    ]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    pytest.importorskip("sphinx")
    return site.build_site(tmp_path_factory.mktemp("docs") / "site").parent


@pytest.mark.slow
def test_nothing_in_the_site_leads_nowhere_and_nothing_comes_from_the_network(built):
    assert list(dead_ends(built)) == []
    assert "<title>Corridor</title>" in (built / "index.html").read_text()
    assert "corridor.Lab" in (built / "docs/python.html").read_text()


@pytest.mark.slow
def test_a_broken_link_ends_the_build_with_its_file_and_line(tmp_path):
    pytest.importorskip("sphinx")
    for name in ("docs", "examples"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("README.md", "CHANGELOG.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path / name)
    with (tmp_path / "docs/api.md").open("a") as page:
        page.write("\n[nowhere](limitations.md#no-such-heading)\n")
    before = tmp_path / "site/.buildinfo"
    before.parent.mkdir()
    before.write_text("of a site that is whole")
    with pytest.raises(InputError, match=r"^docs/api\.md:\d+: .*no-such-heading"):
        site.build_site(tmp_path / "site", tmp_path)
    assert before.read_text() == "of a site that is whole"
    assert not list(tmp_path.glob(".site-*"))


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    pytest.importorskip("sphinx")
    (tmp_path / "mine").write_text("x")
    with pytest.raises(InputError, match="not empty"):
        site.build_site(tmp_path)
    with pytest.raises(InputError, match="not a site made here"):
        site.build_site(tmp_path / "mine")
    assert (tmp_path / "mine").read_text() == "x"
