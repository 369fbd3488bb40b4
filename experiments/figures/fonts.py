"""Letters of any script: DejaVu Sans, which comes with Matplotlib, and Noto where Debian's packages
are installed.

Matplotlib shapes text itself and looks for each letter in one family after another. Fonts are given
to it by their files: its own list of fonts is of the day it was made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

LATIN = "DejaVu Sans"
NOTO = Path("/usr/share/fonts")


@dataclass(frozen=True)
class Script:
    """Where letters of a script are found."""

    name: str
    first: str
    last: str
    family: str
    files: tuple[str, ...]
    package: str
    leads: bool = False
    """Whether its font comes before the Latin one in texts that have the script: Arabic letters of
    two fonts do not join, and DejaVu Sans has only some of those that Urdu needs."""


SCRIPTS = (
    Script(
        *("Chinese", "\u2e80", "\u9fff", "Noto Sans CJK SC"),
        files=("opentype/noto/NotoSansCJK-Regular.ttc", "opentype/noto/NotoSansCJK-Bold.ttc"),
        package="fonts-noto-cjk",
    ),
    Script(
        *("Thai", "\u0e00", "\u0e7f", "Noto Sans Thai"),
        files=("truetype/noto/NotoSansThai-Regular.ttf", "truetype/noto/NotoSansThai-Bold.ttf"),
        package="fonts-noto-core",
    ),
    Script(
        *("Arabic and Urdu", "\u0600", "\u06ff", "Noto Naskh Arabic"),
        files=(
            "truetype/noto/NotoNaskhArabic-Regular.ttf",
            "truetype/noto/NotoNaskhArabic-Bold.ttf",
        ),
        package="fonts-noto-core",
        leads=True,
    ),
)


class LettersLacking(UserWarning):
    """Letters that no font of this machine has: names both, and the package that has them."""


def families(text: str) -> list[str]:
    """Of what fonts a text is to be set, the first that has a letter decides."""
    found = [script for script in SCRIPTS if _has(text, script) and _installed(script)]
    leading = [script.family for script in found if script.leads]
    return [*leading, LATIN, *(script.family for script in found if not script.leads)]


def can_be_set(text: str) -> bool:
    return not lacking([text])


def lacking(texts: Iterable[str]) -> str:
    """Which letters no font has, and what to install for them; empty if there are none."""
    letters = sorted(
        {letter for text in texts for letter in text if letter > "\u007f" and not _drawn(letter)}
    )
    if not letters:
        return ""
    packages = sorted(
        {script.package for script in SCRIPTS for one in letters if _has(one, script)}
    )
    told = "".join(letters[:12]) + ("…" if len(letters) > 12 else "")
    advice = f"install {' '.join(packages)}" if packages else "no package we know of has them"
    return f"no font here has {told}: {advice}"


def set_fonts(figure: Figure) -> None:
    """Gives each text of another script its fonts."""
    for text in figure.findobj(Text):
        if not text.get_text().isascii():
            text.set_fontfamily(families(text.get_text()))


def _has(text: str, script: Script) -> bool:
    return any(script.first <= letter <= script.last for letter in text)


@cache
def _installed(script: Script) -> bool:
    """Whether its regular font is here; from then on Matplotlib knows of it."""
    files = [NOTO / file for file in script.files]
    for path in files:
        if path.exists():
            font_manager.fontManager.addfont(path)
    return files[0].exists()


@cache
def _drawn(letter: str) -> bool:
    """Whether any font of ours has a letter."""
    paths: Sequence[str | Path] = [_latin()]
    paths = [*paths, *(NOTO / script.files[0] for script in SCRIPTS if _installed(script))]
    return any(_font(str(path)).get_char_index(ord(letter)) for path in paths)


@cache
def _font(path: str) -> FT2Font:
    return FT2Font(path)


@cache
def _latin() -> str:
    return str(font_manager.findfont(LATIN, fallback_to_default=False))
