"""A page as PDF, by a Chromium of this machine: it prints what a reader sees, without asking."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from corridor.topologies.base.child_process import start
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.whole_file import write_whole

BROWSERS = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    "microsoft-edge",
)
QUIET = (
    *("--headless", "--disable-gpu", "--no-first-run", "--disable-extensions"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-domain-reliability", "--disable-default-apps", "--no-pings"),
    "--no-pdf-header-footer",
)
"""It shows nothing and asks no one anything; our page has its own header."""
PATIENCE_S = 120.0
INSTALL = "install one: apt-get install --no-install-recommends chromium"
ADVICE_OF = "print the HTML page in a browser"


def find_browser() -> str | None:
    """The path of a Chromium on PATH."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def print_page(page: Path, pdf: Path) -> Path:
    """Raises EnvironmentUnsupported where no browser is found, or it prints nothing."""
    browser = find_browser()
    if browser is None:
        raise EnvironmentUnsupported(
            "no Chromium is installed, which prints pages", f"{INSTALL}; or {ADVICE_OF}"
        )
    with tempfile.TemporaryDirectory(prefix="corridor-print-", ignore_cleanup_errors=True) as own:
        staged = Path(own) / "page.pdf"
        said = _run([browser, *_flags(own), f"--print-to-pdf={staged}", page.resolve().as_uri()])
        if not staged.exists():
            raise EnvironmentUnsupported(f"{browser} printed nothing: {said}", ADVICE_OF)
        write_whole(pdf, staged.read_bytes())
    return pdf


def _flags(own: str) -> list[str]:
    """A separate profile; as root, which containers often are, it starts without its sandbox
    alone."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return [*QUIET, *sandbox, f"--user-data-dir={own}/profile"]


def _run(command: list[str]) -> str:
    """The last line of what it says; all of its processes are gone when this returns."""
    process = start(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, own_session=True)
    try:
        said, _ = process.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        return f"it took more than {PATIENCE_S:.0f} s"
    finally:
        _end(process)
    lines = [line for line in said.decode(errors="replace").splitlines() if line.strip()]
    return lines[-1][:200] if lines else f"exit code {process.returncode}"


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
