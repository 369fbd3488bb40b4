"""Policy sets from YAML: shipped by name, or a file that may include others.

Every name in a policy is looked up when it is loaded: jurisdictions and groups, data classes,
hubs, fibres, cable systems, shared-risk groups, operators, rules of law. A name no one knows is an
error with file, line and near match, never a clause that silently matches nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corridor.controller.policy.clauses.elements import (
    CABLE_SYSTEM,
    FIBRE,
    SRLG,
    FibreNames,
    Named,
)
from corridor.controller.policy.clauses.expressions import names_in, parsed
from corridor.controller.policy.clauses.places import operators, shipped_groups
from corridor.controller.policy.clauses.registry import looked_up
from corridor.controller.policy.law import DATA, is_rule_id, load_law
from corridor.controller.policy.model import (
    SAME_CLASS,
    Demand,
    Interpretation,
    Outside,
    Policy,
    PolicyFile,
    PolicySet,
)
from corridor.controller.policy.semantics import NOT_JUDGED
from corridor.topologies.base.bounded_file import is_file, shown
from corridor.topologies.base.documents import (
    Document,
    KeyPath,
    Plain,
    Unwritten,
    read_document,
    validate,
)
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import LEAST_BEGINNING, nearest
from corridor.topologies.model.catalogue import load_jurisdictions, nearest_named, shipped_hubs
from corridor.topologies.model.domains import domains_of, shipped_operators
from corridor.topologies.model.topology import Topology

SHIPPED = DATA / "policies"
MAX_INCLUDES = 8
MOST_POLICIES = 4_000
"""Of a set with what it includes: each step of a search asks every policy that speaks of a demand.
"""


def shipped_policies() -> tuple[str, ...]:
    """Names of the sets in ``controller/data/policies``."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.yaml")))


def load_policies(
    name_or_path: str | Path, topology: Topology | None = None, hubs: Iterable[str] = ()
) -> PolicySet:
    """A shipped set by name, or a file. Raises InputError with file, line and a way out.

    With a topology, its own hubs and operators may be named too, and operators are checked; where
    only its ``hubs`` are known, those may be named. What fibres are called is looked up in the
    topology, in the shipped map where nothing is given, and not where only hubs are.
    """
    own = frozenset(hubs) | frozenset(hub.id for hub in (topology.hubs if topology else ()))
    fibres = None if topology is None and own else FibreNames(topology)
    return _load(str(name_or_path), None, _Places(topology, own, fibres), ())


@dataclass(frozen=True)
class _Places:
    """What is known of the network that policies are for."""

    topology: Topology | None
    hubs: frozenset[str]
    fibres: FibreNames | None
    """None: they are not known, and not looked up."""
    loaded: dict[Path, PolicySet] = field(default_factory=dict, compare=False)
    """Sets that were read for it, by file: many may include the same."""


def check_policies(
    policies: PolicySet,
    topology: Topology,
    demands: Iterable[Demand] = (),
    written: Unwritten | None = None,
) -> None:
    """Look up every name of a set that comes from no file, as ``load_policies`` does of a file's.

    The data of ``demands`` must be of classes it knows. Raises ``Mistake`` with the place, in what
    was ``written`` where that is given.
    """
    dumped = policies.model_dump(mode="json", by_alias=True)
    document = Unwritten.of(dumped) if written is None else written
    hubs = frozenset(hub.id for hub in topology.hubs)
    places = _Places(topology, hubs, FibreNames(topology))
    _Draft(document, places).add(validate(document, PolicyFile))
    for demand in demands:
        if policies.looks_at_data and demand.data_class not in policies.class_ids:
            message = f'demand "{demand.id}" has the unknown data class "{demand.data_class}"'
            hint = nearest(demand.data_class, policies.class_ids) or "add the class"
            raise document.error(message, "classes", hint=hint)


def _load(
    name: str, beside: Path | None, places: _Places, included_by: tuple[str, ...]
) -> PolicySet:
    path = found_file(name, beside)
    if str(path) in included_by or len(included_by) > MAX_INCLUDES:
        chain = " -> ".join((*included_by, str(path)))
        raise InputError(f"policy sets include each other in a circle: {chain}", file=str(path))
    if is_file(path) and path.resolve() in places.loaded:
        return places.loaded[path.resolve()]
    document = read_document(path)
    written = validate(document, PolicyFile)
    parts: dict[str, PolicySet] = {}
    for number, include in enumerate(written.include):
        try:
            part = _load(include, path.parent, places, (*included_by, str(path)))
        except InputError as error:
            raise document.error_of_named(error, "include", number) from error
        parts[include] = part
    draft = _Draft(document, places)
    for part in parts.values():
        draft.take_over(part)
    draft.add(written)
    finished = places.loaded[path.resolve()] = draft.finished(written, parts.values())
    return finished


def found_file(name: str, beside: Path | None) -> Path:
    """Of a shipped set, or one next to a file. Raises InputError if there is none."""
    if name in shipped_policies():
        return SHIPPED / f"{name}.yaml"
    path = (beside or Path()) / name
    if path.suffix in (".yaml", ".yml") or "/" in name or is_file(path):
        return path
    known = shipped_policies()
    countries = _by_country(known)
    meant = nearest(name, known, countries) or nearest(_begun(name, countries), known)
    hint = meant or f"shipped are {', '.join(known)}, or give a file"
    raise InputError(f'no policy set "{shown(name)}"', hint)


def _by_country(sets: Iterable[str]) -> dict[str, str]:
    """The set of a country, by the country's name or a word of it: ``thailand`` is ``th``."""
    return {
        word: name
        for one in load_jurisdictions().jurisdictions
        for name in sets
        if name.partition("-")[0] == one.id.casefold()
        for word in (one.name.casefold().replace(" ", "-"), *one.name.casefold().split())
    }


def _begun(word: str, countries: Mapping[str, str]) -> str:
    """The one set whose country's name begins so, as codes of three letters do; else nothing."""
    found = {
        name
        for country, name in countries.items()
        if len(word) >= LEAST_BEGINNING and country.startswith(word.casefold())
    }
    return found.pop() if len(found) == 1 else ""


KINDS_OF_PARTS = ("classes", "bindings", "demands", "policies", "interpretations")


@dataclass
class _Draft:
    """What is gathered from a file and its includes, and where each thing came from."""

    document: Document
    places: _Places
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    parts: dict[str, dict[Any, Any]] = field(
        default_factory=lambda: {kind: {} for kind in KINDS_OF_PARTS}
    )

    def take_over(self, part: PolicySet) -> None:
        """Add an included set; an entry that two includes add counts once."""
        for name, members in part.groups.items():
            if self.groups.setdefault(name, members) != members:
                raise self.document.error(f'two included sets define the group "{name}"', "include")
        for kind, entries in self.parts.items():
            for entry in getattr(part, kind):
                key = getattr(entry, "id", entry)
                if entries.setdefault(key, entry) != entry:
                    message = f'two included sets use the id "{key}" in {kind}'
                    raise self.document.error(message, "include", hint="rename one of them")

    def add(self, written: PolicyFile) -> None:
        self._switch(written)
        for number, policy in enumerate(written.policies):
            if policy.id == NOT_JUDGED.id:
                message = f'"{policy.id}" stands for what no set judges'
                raise self.document.error(message, "policies", number, "id", hint="rename it")
        for name, members in written.groups.items():
            at = ("groups", name)
            if name in self.groups or name in shipped_groups().members:
                raise self.document.error(f'group "{name}" exists', *at, hint="choose another name")
            self._check_known("jurisdiction or group", members, self._places(), at)
            self.groups[name] = members
        for kind, entries in self.parts.items():
            for number, entry in enumerate(getattr(written, kind)):
                key = getattr(entry, "id", entry)
                if key in entries:
                    message = f'"{key}" is used twice in {kind}'
                    raise self.document.error(message, kind, number, hint="give each its own id")
                entries[key] = entry
        _check_names(self.document, self._checks())
        self._check_bindings(written)
        self._check_interpretations(written)
        for number, demand in enumerate(written.demands):
            if demand.src == demand.dst:
                message = f'demand "{demand.id}" starts and ends at "{demand.src}"'
                raise self.document.error(message, "demands", number, "dst", hint="name another")

    def finished(self, written: PolicyFile, included: Iterable[PolicySet]) -> PolicySet:
        if len(self.parts["policies"]) > MOST_POLICIES:
            count, place = (
                len(self.parts["policies"]),
                "policies" if written.policies else "include",
            )
            message = f"has {count:,} policies with those it includes, and at most "
            message += f"{MOST_POLICIES:,} are read"
            hint = "write fewer: a clause takes a list of names"
            raise self.document.error(message, place, hint=hint)
        contents = {kind: tuple(entries.values()) for kind, entries in self.parts.items()}
        made = PolicySet(
            name=written.name,
            title=written.title,
            groups=self.groups,
            outside=read_as(written, included),
            described=written.described,
            **contents,
        )
        defaults = {one.id: one.default for one in written.interpretations}
        return made.interpreted(defaults | written.interpret)

    def _switch(self, written: PolicyFile) -> None:
        policies: dict[str, Policy] = self.parts["policies"]
        for key, enabled in (("switch_on", True), ("switch_off", False)):
            for number, name in enumerate(getattr(written, key)):
                if name not in policies:
                    hint = nearest(name, policies) or "only policies of included sets have a switch"
                    raise self.document.error(f'no policy "{name}"', key, number, hint=hint)
                policies[name] = policies[name].model_copy(update={"enabled": enabled})

    def _check_interpretations(self, written: PolicyFile) -> None:
        """Each names policies there are, and each choice an interpretation and a value there is."""
        for number, one in enumerate(written.interpretations):
            for value, names in one.values.items():
                at = ("interpretations", number, "values", value)
                self._check_known("policy", names, frozenset(self.parts["policies"]), at)
        known: dict[str, Interpretation] = self.parts["interpretations"]
        for name, value in written.interpret.items():
            if name not in known:
                hint = nearest(name, known) or _few(frozenset(known))
                raise self.document.error(f'no interpretation "{name}"', "interpret", hint=hint)
            if value not in known[name].values:
                hint = nearest(value, known[name].values) or _few(frozenset(known[name].values))
                message = f'{name} has no value "{value}"'
                raise self.document.error(message, "interpret", name, hint=hint)

    def _check_bindings(self, written: PolicyFile) -> None:
        seen = list(self.parts["bindings"].values())
        for number, binding in enumerate(written.bindings):
            for other in seen:
                if other is not binding and binding.is_ambiguous_with(other):
                    message = f"two bindings of {binding.hub} match the same packets equally well"
                    hint = f"make one more specific than class {other.data_class}"
                    raise self.document.error(message, "bindings", number, hint=hint)

    def _places(self) -> frozenset[str]:
        return frozenset(shipped_groups().members) | self.groups.keys()

    def _checks(self) -> Mapping[str, Callable[[tuple[str, ...], KeyPath], None]]:
        """How the values under each key are looked up, wherever that key stands."""

        def among(what: str, known: Iterable[str]) -> Callable[[tuple[str, ...], KeyPath], None]:
            names = frozenset(known)
            return lambda given, at: self._check_known(what, given, names, at)

        classes = self.parts["classes"].keys()
        place = among("jurisdiction or group", self._places())
        hub = among("hub", self._hubs())
        by_name: dict[Named, Callable[[tuple[str, ...], KeyPath], None]] = {
            "place": place,
            "hub": hub,
            "operator": self._check_operators,
            "fibre": lambda given, at: self._check_fibres(FIBRE, given, at),
            "cable": lambda given, at: self._check_fibres(CABLE_SYSTEM, given, at),
            "srlg": lambda given, at: self._check_fibres(SRLG, given, at),
            "path": self._check_expressions,
            "carrier": self._check_carriers,
        }
        return {
            **{key: by_name[named] for key, named in looked_up().items()},
            "origin": place,
            **dict.fromkeys(("hub", "src", "dst"), hub),
            "class": among("data class", classes),
            "returns": among("data class", {*classes, SAME_CLASS}),
            "legal_ref": self._check_rules,
            "basis": among("legal basis", {"none", "exempt", *load_law().bases.values()}),
        }

    def _hubs(self) -> frozenset[str]:
        return frozenset(shipped_hubs()) | self.places.hubs

    def _check_operators(self, given: tuple[str, ...], at: KeyPath) -> None:
        topology = self.places.topology
        if topology is None:
            return
        named = [hub.operated_by for hub in topology.hubs]
        named += [fibre.operated_by for fibre in topology.fibres]
        known = self._places().union(*map(operators, named))
        self._check_known("operator, jurisdiction or group", given, known, at)

    def _check_carriers(self, given: tuple[str, ...], at: KeyPath) -> None:
        topology = self.places.topology
        operators = domains_of(topology).operators if topology else shipped_operators().by_id
        known = self._places().union(*((one.id, one.name) for one in operators.values()))
        self._check_known("operator, jurisdiction or group", given, known, at)

    def _check_fibres(self, what: str, given: tuple[str, ...], at: KeyPath) -> None:
        if self.places.fibres is not None:
            self._check_known(what, given, self.places.fibres.by_kind[what], at)

    def _check_expressions(self, given: tuple[str, ...], at: KeyPath) -> None:
        """The names in expressions over paths."""
        places, fibres = self._hubs() | self._places(), self.places.fibres
        for test in (test for text in given for test in names_in(parsed(text))):
            what, known = "hub, jurisdiction or group", places
            if test.kind == "fibre":
                if fibres is None:
                    continue
                what, known = f"{FIBRE}, {CABLE_SYSTEM} or {SRLG}", fibres.all
            if test.name not in known:
                message = f'no {what} is called "{test.name}", character {test.at} of the path'
                raise self.document.error(message, *at, hint=nearest_named(test.name, known))

    def _check_rules(self, given: tuple[str, ...], at: KeyPath) -> None:
        rules = tuple(name for name in given if is_rule_id(name))
        self._check_known("rule of law", rules, frozenset(load_law().by_id), at)

    def _check_known(
        self, what: str, given: tuple[str, ...], known: frozenset[str], at: KeyPath
    ) -> None:
        for name in given:
            if name not in known:
                here = (*at, given.index(name))
                hint = nearest_named(name, known) or _few(known)
                raise self.document.error(f'no {what} is called "{name}"', *here, hint=hint)


def read_as(written: PolicyFile, included: Iterable[PolicySet]) -> Outside:
    """What a file means for data outside it, where it does not say.

    A file that permits nothing itself only narrows or switches what it includes, so it is read as
    they are. One with its own permit is its own policy, and silence permits nothing.
    """
    if written.outside is not None:
        return written.outside
    parts = [part.outside for part in included]
    permits = any(policy.effect == "permit" for policy in written.policies)
    return "deny" if permits or not parts or "deny" in parts else "not-judged"


def _few(known: frozenset[str]) -> str:
    return f"known are {', '.join(sorted(known))}" if 0 < len(known) <= 12 else ""


def _check_names(
    document: Document, checks: Mapping[str, Callable[[tuple[str, ...], KeyPath], None]]
) -> None:
    """Look up every name in the policies, bindings, demands and classes of a document."""

    def visit(value: Plain, key: str, at: KeyPath) -> None:
        if isinstance(value, dict):
            for name, item in value.items():
                visit(item, name, (*at, name))
        elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
            for number, item in enumerate(value):
                visit(item, key, (*at, number))
        elif key in checks and value is not None:
            named = value if isinstance(value, list) else [value]
            given = tuple(name for name in named if isinstance(name, str))
            if not (at[-2] == "match" and value in ("any", "gateways")):
                checks[key](given, at)

    for section in ("classes", "bindings", "demands", "policies"):
        visit(document.value(section), section, (section,))
