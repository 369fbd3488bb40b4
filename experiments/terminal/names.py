"""Names that a word of the command line may be, for completion: read in a few milliseconds.

Files of the product are read as plain YAML, without what checks them; whatever cannot be read
names nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[2]
TOPOLOGIES = HERE / "topologies" / "data"
POLICIES = HERE / "controller" / "data" / "policies"
SCENARIOS = HERE / "experiments" / "scenario" / "shipped"
STUDIES = HERE / "experiments" / "study" / "shipped"
OUTAGES = HERE / "traffic" / "data" / "outages.yaml"
LAW = HERE / "controller" / "data" / "law.yaml"
FAILURES = HERE / "topologies" / "data" / "failures.yaml"
FOOTPRINTS = HERE / "topologies" / "data" / "footprints.yaml"
INTERNET = HERE / "traffic" / "data" / "internet.yaml"
FIGURE_FORMATS = ("pdf", "png", "svg", "pgf", "vega")
FIGURE_WIDTHS = ("text", "column")
PLAN_MEASURES = ("latency", "reach", "survival", "capacity", "nines", "cost")
PLAN_SAMPLES = ("length", "cost", "law", "rates", "traffic")
"""What samples of a plan vary."""
SHIPPED_TOPOLOGIES = ("pan-asia", "edwc", "mini", "cloud-backbone")
DEFAULT_SCENARIO, DEFAULT_TOPOLOGY = "reference", "pan-asia"
"""As the modules have them that load these, which take long to import."""
KINDS = ("hub", "gateway")
MOST_BYTES = 4_000_000

Names = Iterable[str]
Plain = dict[str, Any]


def scenarios(_args: argparse.Namespace) -> Names:
    return _stems(SCENARIOS)


def studies(_args: argparse.Namespace) -> Names:
    return sorted(path.parent.name for path in STUDIES.glob("*/study.yaml"))


def policy_sets(_args: argparse.Namespace) -> Names:
    return _stems(POLICIES)


def rooms(_args: argparse.Namespace) -> Names:
    """Folders of a checkout that hold code."""
    folders = ("topologies", "controller", "traffic", "experiments")
    found = (path.parent for folder in folders for path in (HERE / folder).rglob("__init__.py"))
    return sorted(path.relative_to(HERE).as_posix() for path in found)


def figure_formats(_args: argparse.Namespace) -> Names:
    return FIGURE_FORMATS


def plan_measures(_args: argparse.Namespace) -> Names:
    return PLAN_MEASURES


def plan_samples(_args: argparse.Namespace) -> Names:
    return PLAN_SAMPLES


def figure_widths(_args: argparse.Namespace) -> Names:
    return FIGURE_WIDTHS


def topologies(_args: argparse.Namespace) -> Names:
    return SHIPPED_TOPOLOGIES


def demands(args: argparse.Namespace) -> Names:
    ids = _ids(_scenario(args), "demands")
    return [*ids, *(f"{one}.return" for one in ids)]


def hubs(args: argparse.Namespace) -> Names:
    return _ids(_topology(args), "hubs")


def hosts(args: argparse.Namespace) -> Names:
    """The default hosts of hubs, which have the names of their hubs, and the other hosts."""
    topology = _topology(args)
    return [*_ids(topology, "hubs"), *_ids(topology, "hosts")]


def fibres(args: argparse.Namespace) -> Names:
    return _ids(_topology(args), "fibres")


def groups(args: argparse.Namespace) -> Names:
    """Shared-risk groups."""
    return sorted(set(_groups(_topology(args))))


def cuts(args: argparse.Namespace) -> Names:
    """What may fail, as it is written for that: groups without their kind."""
    bare = sorted({one.partition(":")[2] or one for one in groups(args)})
    return [*fibres(args), *bare, *(f"{kind}:{hub}" for kind in KINDS for hub in hubs(args))]


def rules(_args: argparse.Namespace) -> Names:
    return _ids(_read(LAW), "rules")


def countries_of_traffic(_args: argparse.Namespace) -> Names:
    """Return the codes of countries with figures of background traffic."""
    return _ids(_read(INTERNET), "countries")


def climates(_args: argparse.Namespace) -> Names:
    """Return the climates of the shipped failure rates."""
    return _ids(_read(FAILURES), "climates")


def footprints(_args: argparse.Namespace) -> Names:
    """Return the shipped disasters."""
    return _ids(_read(FOOTPRINTS), "footprints")


def outages(_args: argparse.Namespace) -> Names:
    return _ids(_read(OUTAGES), "outages")


def cables_of_traffic(_args: argparse.Namespace) -> Names:
    """Cable systems whose segments background traffic uses."""
    return sorted({one.partition(":")[0] for one in _segments()})


def places_of_cuts(_args: argparse.Namespace) -> Names:
    """Places of these segments, such as ``red-sea``."""
    return sorted({one.partition(":")[2] for one in _segments()})


def _segments() -> list[str]:
    known = _ids(_read(INTERNET), "segments")
    return [one for one in known if not one.startswith("coarse:")]


def readings(_args: argparse.Namespace) -> Names:
    """Return the disputed readings of the law with each of their answers."""
    return [
        f"{one['id']}={answer}"
        for one in _read(LAW).get("readings", ())
        for answer in one["answers"]
    ]


def interpretations(_args: argparse.Namespace) -> Names:
    """Return the open questions of shipped policy sets with each of their values."""
    return [
        f"{question['id']}={value}"
        for path in sorted(POLICIES.glob("*.yaml"))
        for question in _read(path).get("interpretations", ())
        for value in question["values"]
    ]


def jurisdictions(_args: argparse.Namespace) -> Names:
    known = _read(TOPOLOGIES / "jurisdictions.yaml")
    return [*_ids(known, "jurisdictions"), *_ids(known, "groups")]


def networks(_args: argparse.Namespace) -> Names:
    """Those that have left a note; it may be that one has died since."""
    return [path.parent.name for path in _notes()]


def several(*of: Callable[[argparse.Namespace], Names]) -> Callable[[argparse.Namespace], Names]:
    """Names of either kind."""
    return lambda args: [name for one in of for name in one(args)]


def _stems(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.yaml"))


def _scenario(args: argparse.Namespace) -> Plain:
    """The one that was named, else that of the live network, else the usual one."""
    named = getattr(args, "scenario", None) or _of_live_network(getattr(args, "network", None))
    return _whole(_file(named or DEFAULT_SCENARIO, SCENARIOS))


def _whole(path: Path, depth: int = 4) -> Plain:
    """A scenario with what it has from the one it extends."""
    said = _read(path)
    if isinstance(said.get("topology"), str):
        said = {**said, "topology": str(_beside(path, said["topology"], TOPOLOGIES))}
    base = said.get("extends")
    if not isinstance(base, str) or not depth:
        return said
    return {**_whole(_beside(path, base, SCENARIOS), depth - 1), **said}


def _topology(args: argparse.Namespace) -> Plain:
    if hasattr(args, "scenario") or hasattr(args, "network"):
        scenario = _scenario(args)
        known = scenario.get("topology", DEFAULT_TOPOLOGY)
        left_out = _ids(scenario, "leave_out")
        return known if isinstance(known, dict) else _extended(str(known), left_out)
    return _extended(getattr(args, "topology", None) or DEFAULT_TOPOLOGY)


def _extended(name: str, left_out: Collection[str] = ()) -> Plain:
    """A topology with what it extends, without fibres of a status that is left out and hubs that
    only these reach."""
    whole = _gathered(name)
    fibres = [one for one in whole["fibres"] if isinstance(one, dict)]
    kept = [one for one in fibres if one.get("status") not in left_out]
    dropped = _ends(fibres) - _ends(kept)
    hubs = [one for one in _ids(whole, "hubs") if one not in dropped]
    hosts = [one for one in whole["hosts"] if isinstance(one, dict) and one.get("hub") in hubs]
    return {"hubs": hubs, "hosts": hosts, "fibres": kept}


def _gathered(name: str, depth: int = 4) -> Plain:
    """The hubs, hosts and fibres of a topology and of what it extends, as they are written."""
    path = _file(name, TOPOLOGIES)
    said = _read(path)
    entries = {key: said.get(key) for key in ("hubs", "hosts", "fibres")}
    found = {
        key: [one for one in listed if isinstance(one, (dict, str))]
        if isinstance(listed, list)
        else []
        for key, listed in entries.items()
    }
    for base in _ids(said, "extends") if depth else ():
        below = _gathered(str(_beside(path, base, TOPOLOGIES)), depth - 1)
        found = {key: [*below[key], *own] for key, own in found.items()}
    return found


def _ends(fibres: Iterable[Plain]) -> set[object]:
    return {fibre.get(end) for fibre in fibres for end in ("a", "z")}


def _groups(said: Plain) -> Iterator[str]:
    """Those that fibres name, and one of each system."""
    fibres = said.get("fibres")
    for one in fibres if isinstance(fibres, list) else ():
        if isinstance(one, Mapping):
            yield from _ids(dict(one), "srlgs")
            if isinstance(one.get("system"), str):
                yield f"cable:{one['system']}"


def _ids(said: Plain, key: str) -> list[str]:
    """Of a list of names, or of things with an id."""
    listed = said.get(key)
    entries = listed if isinstance(listed, list) else ()
    ids = (one.get("id") if isinstance(one, Mapping) else one for one in entries)
    return [one for one in ids if isinstance(one, str)]


def _file(name: str, shipped: Path) -> Path:
    return shipped / f"{name}.yaml" if re.fullmatch(r"[\w-]+", name) else Path(name)


def _beside(path: Path, name: str, shipped: Path) -> Path:
    """What a file names: a file beside it, else a shipped one."""
    beside = path.parent / name
    return beside if beside.is_file() else _file(name, shipped)


def _of_live_network(name: str | None) -> str | None:
    for note in _notes():
        if name in (None, note.parent.name):
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                said = json.loads(note.read_text())
                shipped = said["scenario"] in _stems(SCENARIOS)
                return str(said["scenario"] if shipped else Path(said["out"]) / "scenario.yaml")
    return None


def _notes() -> list[Path]:
    """As ``live_network/session.py`` leaves them, whose modules take long to import."""
    configured = Path(os.environ.get("XDG_STATE_HOME", ""))
    base = configured if configured.is_absolute() else Path.home() / ".local" / "state"
    return sorted((base / "corridor" / "live").glob("*/session.json"))


def _read(path: Path) -> Plain:
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with contextlib.suppress(OSError, ValueError, yaml.YAMLError, RecursionError):
        if path.is_file() and path.stat().st_size <= MOST_BYTES:
            said = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - a safe one
            resolved = said.get("resolved") if isinstance(said, Mapping) else None
            if isinstance(resolved, Mapping):  # of a result folder
                return {**resolved, "topology": said.get("topology")}
            return dict(said) if isinstance(said, Mapping) else {}
    return {}
