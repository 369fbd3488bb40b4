"""A home on the host that nothing in a guest may read or change, and what is left of it."""

import shutil
from pathlib import Path

SCRIPT = Path(__file__).with_name("ways_out.py")
SECRET = "a private key"
WITHOUT_EFFECT = (
    *("open a key to everybody", "give a file away", "date a file back"),
    "make a file in /dev/shm",
)
"""These calls succeed, and the host's files stay as they are: modes, owners and times are not
changed, and bubblewrap has a separate ``/dev/shm``."""
OUTSIDE = ("/var/tmp/corridor-escape", "/dev/shm/corridor-escape", "/etc/cron.d/corridor-escape")


def make_home(folder: Path) -> Path:
    home = folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    (home / ".ssh").mkdir(parents=True)
    (home / ".bashrc").write_text("before\n")
    (home / ".ssh" / "id").write_text(SECRET)
    (home / ".ssh" / "id").chmod(0o600)
    (home / "other").write_text("other\n")
    return home


def state(home: Path) -> dict[str, tuple[object, ...]]:
    """Every file of a home with content, mode, owner and times; files elsewhere by their names."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(home.rglob("*")):
        facts = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        found[str(path)] = (content, facts.st_mode, facts.st_uid, facts.st_mtime_ns, facts.st_nlink)
    return found | {place: () for place in OUTSIDE if Path(place).exists()}


def open_edges(outcome: dict[str, dict[str, str]]) -> dict[str, str]:
    """The successful escapes, with their results."""
    return {
        way: said["got"]
        for way, said in outcome.items()
        if "got" in said and way not in WITHOUT_EFFECT
    }


def clear() -> None:
    """Remove what a successful escape has left outside the home."""
    for place in OUTSIDE:
        Path(place).unlink(missing_ok=True)
