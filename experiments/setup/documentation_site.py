"""Builds the site by Sphinx, in a separate process, and takes no warning for fine."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from corridor.topologies.base.errors import EnvironmentUnsupported, InputError
from corridor.topologies.base.installation import CHECKOUT

NEEDED = ("sphinx", "myst_parser", "furo")
MARK = ".buildinfo"
"""A file that Sphinx leaves in every site it makes."""
WARNING = re.compile(r"^(.+?(?::\d+)?): (?:WARNING|ERROR|CRITICAL): (.+)$", re.M)


def lacks() -> list[str]:
    """What is missing of the generator and of the pages."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    pages = CHECKOUT / "docs/README.md"
    return [*missing, *([] if pages.exists() else [f"{pages}"])]


def require() -> None:
    if missing := lacks():
        raise EnvironmentUnsupported(
            f"the site of the documentation cannot be built: {', '.join(missing)} not here",
            "./corridor setup --docs installs what makes it; docs/README.md has the same text",
        )


def build_site(out: Path, source: Path = CHECKOUT) -> Path:
    """The first page of a new site in ``out``. A broken link, as any warning, is an InputError.

    What was in ``out`` stays until the new site is whole.
    """
    require()
    out = out.absolute()
    _refuse_what_is_not_ours(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as folder:
        made = Path(folder, "site")
        done = _sphinx(source, made, Path(folder, "doctrees"))
        if done.returncode != 0:
            raise InputError(_complaint(done.stderr, source))
        if out.exists():
            shutil.rmtree(out)
        made.rename(out)
    return out / "index.html"


def _refuse_what_is_not_ours(out: Path) -> None:
    ours = not out.exists() or (out.is_dir() and ((out / MARK).exists() or not any(out.iterdir())))
    if not ours:
        raise InputError(f"{out} is not empty, and not a site made here; name another with --out")


def _sphinx(source: Path, made: Path, doctrees: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-m", "sphinx", "--builder", "html", "--quiet"),
            *("--fail-on-warning", "--keep-going", "--jobs", "auto"),
            *("--conf-dir", str(Path(__file__).parent), "--doctree-dir", str(doctrees)),
            *(str(source), str(made)),
        ],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT / ".package")},
        capture_output=True,
        text=True,
        check=False,
    )


def _complaint(said: str, source: Path) -> str:
    found = WARNING.findall(said)
    if not found:
        last = said.strip().splitlines()[-1:] or ["it said nothing"]
        return f"Sphinx ended without a site: {last[0]}"
    place, what = found[0]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"{place.removeprefix(f'{source}/')}: {what}{more}"
