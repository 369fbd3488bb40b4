"""Arguments that several commands share: which scenario, under which policies, on which day."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.experiments.terminal.names import DEFAULT_SCENARIO, FIGURE_FORMATS, FIGURE_WIDTHS

if TYPE_CHECKING:
    from corridor.experiments.pages.page import Page
    from corridor.experiments.scenario.scenario import LoadedScenario, Under

OUTSIDE = ("deny", "not-judged")
SERVICES = ("internet", "ip-vpn", "leased-circuit", "wave", "border-area")
"""As policies have them; said here, since their module takes long to import."""


def add_scenario_arguments(
    parser: argparse.ArgumentParser, default: str = DEFAULT_SCENARIO, *, several: bool = False
) -> None:
    """With ``several``, ``args.scenario`` is a list, and a policy set or topology may be named."""
    of_files = "; for a policy set or topology, all scenarios that use it" if several else ""
    parser.add_argument(
        "scenario",
        nargs="*" if several else "?",
        default=[default] if several else default,
        metavar="SCENARIO",
        help=f"a shipped scenario's name or a YAML file (default: {default}){of_files}",
    )
    add_scenario_options(parser)


def add_scenario_options(parser: argparse.ArgumentParser) -> None:
    """Options that replace values of a scenario."""
    parser.add_argument(
        "--policies",
        metavar="SET",
        help="a shipped policy set or a policy file, instead of the scenario's",
    )
    parser.add_argument(
        "--as-of",
        type=day,
        metavar="DAY",
        help="apply the policies of this day, YYYY-MM-DD (default: the scenario's, or today)",
    )
    parser.add_argument(
        "--outside",
        choices=OUTSIDE,
        help="treatment of data that the policy set does not cover (default: as in the set)",
    )
    parser.add_argument(
        "--interpret",
        action="append",
        default=[],
        type=chosen_value,
        metavar="ID=VALUE",
        help="value of an interpretation, such as cn-transfer=recipient (default: as in the set); "
        "may be repeated; corridor price compares all values",
    )
    parser.add_argument(
        "--service",
        choices=SERVICES,
        help="service of demands that state none (default: as in the scenario)",
    )


def add_read(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--read",
        type=existing,
        action="append",
        default=[],
        metavar="PATH",
        help="file or folder that programs in a guest may also read; may be repeated",
    )


def existing(text: str) -> Path:
    """A file or folder that is there."""
    path = Path(text).expanduser()
    if not path.exists():
        raise argparse.ArgumentTypeError(f"no file or folder is called {text!r}")
    return path


def add_delay_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--delay-model",
        type=Path,
        metavar="FILE",
        help="constants of the delay model and their errors, a file that corridor topology "
        "validate --fit writes",
    )


def load(args: argparse.Namespace) -> LoadedScenario:
    """The scenario that the arguments name; raises InputError."""
    from corridor.experiments.scenario.scenario import load_under

    return load_under(args.scenario, under(args))


def under(args: argparse.Namespace) -> Under:
    """What the arguments put in place of what a scenario says."""
    from corridor.experiments.scenario.scenario import Under

    return Under(**replaced(args))


def replaced(args: argparse.Namespace) -> dict[str, Any]:
    """The values that the arguments put in place of those of a scenario, by their names."""
    names = ("policies", "as_of", "outside", "service")
    return {name: getattr(args, name) for name in names} | {"interpret": dict(args.interpret)}


def is_as_written(args: argparse.Namespace) -> bool:
    """Whether no option replaces a value of the scenario."""
    return all(one in (None, {}) for one in replaced(args).values())


def chosen_value(text: str) -> tuple[str, str]:
    """For ``type``: an interpretation and the value that is chosen."""
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise argparse.ArgumentTypeError(f"{text!r} is not like cn-transfer=recipient")
    return name, value


def day(text: str) -> date:
    """For ``type`` of an argument."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day like 2026-11-24") from None


def whole(least: int, beyond: int, otherwise: str) -> Callable[[str], int]:
    """For ``type``: a whole number from ``least`` up to below ``beyond``, or the error."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
        if not least <= number < beyond:
            raise argparse.ArgumentTypeError(otherwise)
        return number

    return parse


def names(text: str) -> tuple[str, ...]:
    """For ``type``: names with commas between them."""
    return tuple(one.strip() for one in text.split(",") if one.strip())


def add_seed(parser: argparse.ArgumentParser, of: str, default: int | None = 1) -> None:
    """``of`` says what the seed is of, and the default."""
    seed = whole(0, 2**63, "a seed is 0 or more and below 2^63")
    parser.add_argument("--seed", type=seed, default=default, metavar="N", help=of)


def minutes(text: str) -> float:
    """For ``type``: patience in minutes, as seconds."""
    try:
        seconds = float(text) * 60
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of minutes") from None
    if not seconds > 0:
        raise argparse.ArgumentTypeError("patience is above 0 minutes")
    return seconds


def write_page(path: Path, page: Page) -> None:
    """Write a page to the file that ``--page`` names; raises InputError."""
    from corridor.experiments.pages.page import report
    from corridor.topologies.base.errors import InputError
    from corridor.topologies.base.whole_file import write_text

    try:
        write_text(path, report(page))
    except OSError as error:
        hint = "name a file in a folder that you may write"
        raise InputError(f"cannot write the page: {error.strerror}", hint, str(path)) from error
    print(f"corridor: the page is in {path}", file=sys.stderr)


def add_figure_options(parser: argparse.ArgumentParser) -> None:
    """``args.format`` and ``args.width`` are tuples of names."""
    parser.add_argument(
        "--format",
        type=some_of(FIGURE_FORMATS, "format"),
        default=("png",),
        metavar="FORMAT,...",
        help=f"formats of figures, from {','.join(FIGURE_FORMATS)} (default: png)",
    )
    parser.add_argument(
        "--width",
        type=some_of(FIGURE_WIDTHS, "width"),
        default=("text",),
        metavar="WIDTH,...",
        help="widths of figures: text (page width), column (one of two columns), or text,column "
        "(default: text)",
    )
    parser.add_argument("--no-figures", action="store_true", help="skip drawing")


def some_of(names: Sequence[str], noun: str) -> Callable[[str], tuple[str, ...]]:
    """For ``type``: some of these names, each once, with commas between them."""

    def parse(text: str) -> tuple[str, ...]:
        found = tuple(dict.fromkeys(one.strip() for one in text.split(",")))
        for one in found:
            if one not in names:
                known = ",".join(names)
                message = f"{one!r} is not a {noun} of figures: choose from {known}"
                raise argparse.ArgumentTypeError(message)
        return found

    return parse
