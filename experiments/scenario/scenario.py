"""A scenario: which topology, which demands, what is measured and for how long.

A YAML file with units on every quantity; see docs/scenarios.md. Nothing here
knows a testbed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    InstanceOf,
    JsonValue,
    SerializeAsAny,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from corridor.controller.intent.intent import Aggregate, Disjoint
from corridor.controller.openflow.frameworks import AskedFramework
from corridor.controller.policy.clauses.places import Service
from corridor.controller.policy.load import load_policies
from corridor.controller.policy.model import (
    SAME_CLASS,
    UNCLASSIFIED,
    Outside,
    PolicySet,
)
from corridor.controller.policy.set_names import NO_POLICIES
from corridor.controller.traffic_engineering.fit_rates import NONE
from corridor.controller.traffic_engineering.objective import (
    ENDING,
    OBJECTIVES,
    OwnFile,
    read_custom,
)
from corridor.experiments.scenario.demands import (
    IPV4,
    IPV6,
    Demand,
    DemandEntry,
    Families,
    by_family,
    check_aggregates,
    check_demands,
    check_disjoint,
    check_families,
    located,
    served,
)
from corridor.experiments.scenario.event_registry import STREAM, TRANSFER
from corridor.experiments.scenario.events import (
    Known,
    NamedEvent,
    checked,
    named_events,
    unnoticed,
)
from corridor.experiments.scenario.extending import (
    chosen_values,
    extended,
    hint_about,
    read_beside,
    read_scenario,
    under,
)
from corridor.experiments.scenario.given import given_day, given_name
from corridor.experiments.scenario.kinds import Event, Fault
from corridor.experiments.scenario.lines import check_lines
from corridor.experiments.scenario.load_workloads import check_ids, implied, workloads_of
from corridor.experiments.scenario.options import (
    LEAST_LOSS,
    MAX_QUEUE_PACKETS,
    BackgroundOptions,
    Computing,
    ControllerOptions,
    CutOptions,
    NetworkOptions,
    ProbeOptions,
    ProtectOptions,
    background_of,
    check_computing,
)
from corridor.experiments.scenario.queues import BEST_EFFORT, check_queues, shipped
from corridor.experiments.scenario.shipped_workloads import with_shipped
from corridor.experiments.scenario.workloads import Workload, WorkloadEntry
from corridor.topologies.base.bounded_file import is_file
from corridor.topologies.base.documents import Document, validate
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.registry import Recorder, Used
from corridor.topologies.base.suggestions import INSTALL, nearest
from corridor.topologies.base.today import today
from corridor.topologies.base.units import (
    QuantityError,
    format_rate,
    no_truth,
    written_day,
)
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.background import BackgroundTraffic
from corridor.topologies.model.catalogue import nearest_named
from corridor.topologies.model.domains import HomeDomains
from corridor.topologies.model.topology import Frozen, Slug, Topology
from corridor.topologies.model.wiring import queue_packets

DEFAULT = "reference"


def _known_objective(name: str) -> str:
    if name == NONE or name.endswith(ENDING) or name in OBJECTIVES:
        return name
    known = ", ".join((*OBJECTIVES, NONE))
    said = f"objective is one of {known}, or a {ENDING} file, not {name}"
    raise QuantityError(said, nearest(name, OBJECTIVES) or INSTALL)


MOST_EVENTS = 200
"""What each event does to each demand is predicted from all events together."""


class ScenarioFile(Frozen):
    """A scenario as it is written."""

    schema_version: Annotated[Literal[1], BeforeValidator(no_truth)] = Field(
        default=1, alias="schema"
    )
    """Version of this format."""
    name: Slug
    """Lower case, digits, hyphens; names the result folder."""
    title: str = ""
    """For readers."""
    topology: str
    """A shipped topology, or a file next to the scenario."""
    leave_out: tuple[Literal["planned", "uncertain"], ...] = ()
    """Leave out fibres of these statuses (``planned``, ``uncertain``), and hubs that only such
    fibres reach. The shipped scenarios of ``pan-asia`` leave out four fibres and Mandalay."""
    seed: int = Field(default=1, ge=0, lt=2**63, strict=True)
    """Whole number from 0 for random numbers. ``--seed`` overrides it."""
    framework: AskedFramework = "auto"
    """Controller framework: ``ryu``, ``os-ken``, or ``auto``: Ryu if it is installed, else os-ken.
    ``--framework`` overrides it."""
    policies: str = NO_POLICIES
    """A shipped policy set, or a file next to the scenario. ``--policies`` overrides it."""
    as_of: Annotated[date, BeforeValidator(written_day)] | None = None
    """The day whose policies apply, for example ``2026-11-24``; the day of the run if not given.
    Set it for repeatable runs. ``--as-of`` overrides it."""
    interpret: dict[Slug, Slug] = Field(default_factory=dict)
    """Values of interpretations of the policy set, for example ``{cn-transfer: recipient}``.
    ``--interpret`` overrides it."""
    service: Service | None = None
    """The service of demands without one, for example ``leased-circuit``. ``--service`` overrides
    it."""
    controller: ControllerOptions = ControllerOptions()
    """Whether the controller reacts to events."""
    protect: ProtectOptions = ProtectOptions()
    """Failures that switches bridge, in addition to what permits request, for example ``{k: 2,
    over: [link, srlg]}``: up to ``k`` (0 to 3) simultaneous failures of these kinds;
    without ``over``, of all four kinds (``link``, ``srlg``, ``hub``, ``gateway``)."""
    network: NetworkOptions = NetworkOptions()
    """Properties of fibres other than delay and rate."""
    background: BackgroundOptions | None = None
    """Traffic on the fibres that no demand sends: ``internet`` for the Internet traffic of the
    shipped figures on the day of the scenario, or keys."""
    probe: ProbeOptions = ProbeOptions()
    """Probes of every demand without its own."""
    demands: tuple[DemandEntry, ...] = Field(min_length=1, max_length=4000)
    """1 to 4000 demands."""
    disjoint: tuple[Disjoint, ...] = Field(default=(), max_length=100)
    """Demands whose paths share no elements."""
    aggregates: tuple[Aggregate, ...] = Field(default=(), max_length=100)
    """Demands that share one guarantee."""
    objective: Annotated[str, AfterValidator(_known_objective)] = "added-delay"
    """Objective function of traffic engineering: ``added-delay``, ``moves``, ``none``, or a Python
    file next to the scenario."""
    faults: tuple[SerializeAsAny[Fault], ...] = Field(default=(), max_length=MOST_EVENTS)
    """A short form of the timeline for failures."""
    workloads: tuple[SerializeAsAny[WorkloadEntry], ...] = Field(default=(), max_length=500)
    """Traffic other than probes: a list, or ``by-class``."""
    timeline: tuple[SerializeAsAny[Event], ...] = Field(default=(), max_length=MOST_EVENTS)
    """Events during the measurement."""
    cuts: CutOptions | None = None
    """Fibres cut in sequence, after all other measurements, for example ``{}``."""
    computing: Computing | None = None
    """What hubs compute, for the energy audit."""
    family: Families = IPV4
    """Protocol of demands that do not state it: ``ipv4``, ``ipv6``, or ``dual`` for both."""

    @model_serializer(mode="wrap")
    def _without_usual_family(self, handler: SerializerFunctionWrapHandler) -> dict[str, JsonValue]:
        dumped: dict[str, JsonValue] = handler(self)
        if dumped.get("family") == IPV4:
            del dumped["family"]
        return dumped

    @property
    def follows(self) -> bool:
        """Whether the controller follows: what nothing happens to is not followed."""
        wanted = self.controller.follow
        happens = bool(self.faults or self.timeline) and not self.cuts
        return happens if wanted is None else wanted

    def stream_share(self, demand: DemandEntry) -> float | None:
        """The rate a demand streams at, of its path's bottleneck; None if it does not."""
        if demand.throughput is not None:
            return demand.throughput.udp
        of = (one for one in self.timeline if (one.kind.key, one.what) == (STREAM, demand.id))
        return next((float(one.options["share"]) for one in of), None)

    def streams(self, demand: DemandEntry) -> bool:
        """Whether a demand sends a stream of UDP."""
        udp = any(one.transport.udp and one.covers(demand) for one in self.workloads)
        return udp or self.stream_share(demand) is not None

    def sends_messages(self, demand: DemandEntry) -> bool:
        """Whether a workload of a demand sends by TCP."""
        return any(one.transport.udp is None and one.covers(demand) for one in self.workloads)

    def sends_by_tcp(self, demand: DemandEntry) -> bool:
        """Whether a demand has a TCP transfer."""
        if demand.throughput is not None:
            return demand.throughput.tcp
        return any((one.kind.key, one.what) == (TRANSFER, demand.id) for one in self.timeline)

    def dscp(self, demand: DemandEntry) -> int:
        """How packets of a demand are marked: by its class only where fibres have queues."""
        if demand.dscp is not None:
            return demand.dscp
        known = None if self.network.queues is None else shipped().dscp_of(demand.data_class)
        return BEST_EFFORT if known is None else known

    @property
    def events(self) -> tuple[NamedEvent, ...]:
        """Faults and timeline, each with its name."""
        return named_events(self.faults, self.timeline)


class Scenario(ScenarioFile):
    """One experiment, checked against its topology: each demand goes to one hub."""

    demands: tuple[Demand, ...]

    @property
    def has_ipv6(self) -> bool:
        """Whether some demand is of IPv6, so that hosts have such addresses."""
        return any(demand.family == IPV6 for demand in self.demands)


NOWHERE = Document({}, "", {})
"""Of a scenario that was made without one."""


class LoadedScenario(Frozen):
    """A scenario, and the topology and policies it names."""

    scenario: Scenario
    topology: Topology
    policies: PolicySet
    as_of: date
    events: tuple[InstanceOf[NamedEvent], ...] = ()
    """What happens, with the policies that events ask for."""
    workloads: tuple[InstanceOf[Workload], ...] = ()
    """What demands send next to probes, with what its files hold."""
    loads: tuple[InstanceOf[NamedEvent], ...] = ()
    """When those workloads run that no event switches on."""
    background: InstanceOf[BackgroundTraffic] | None = None
    """What is on the fibres next to demands; the topology has its rates."""
    own_objective: InstanceOf[OwnFile] | None = None
    """Where the scenario names a file of its author's."""
    installed: tuple[Used, ...] = ()
    """The kinds of installed packages that it uses."""
    document: InstanceOf[Document] = Field(default=NOWHERE, repr=False)
    """As it was read: mistakes that planning finds are reported with their lines."""

    @property
    def file(self) -> str:
        return self.document.file


class Under(Frozen):
    """Values that replace those of a scenario, where they are given."""

    policies: str | None = None
    """A shipped set, or a file."""
    as_of: date | None = None
    outside: Outside | None = None
    """The outcome of data outside the set, for what the set says."""
    service: Service | None = None
    """What carries demands that do not say themselves."""
    interpret: dict[str, str] = Field(default_factory=dict)
    """Values of the policy set's interpretations, by their ids."""
    unconnected: bool = False
    """Whether demands may have hubs that no fibres join: candidates of a plan may join them."""


AS_WRITTEN = Under()


def as_asked(name_or_path: str, under: Under) -> str:
    """A scenario as commands take it, with the options that change what it means; empty where that
    is what they do if nothing is stated."""
    options = {
        "policies": under.policies,
        "as-of": under.as_of,
        "outside": under.outside,
        "service": under.service,
    }
    said = [f"--{name} {value}" for name, value in options.items() if value is not None]
    said += [f"--interpret {name}={value}" for name, value in under.interpret.items()]
    return "" if name_or_path == DEFAULT and not said else " ".join([name_or_path, *said])


def under_given(
    policies: str | Path | None = None,
    as_of: date | str | None = None,
    *,
    outside: Outside | None = None,
    service: Service | None = None,
) -> Under:
    """The same from arguments that are not checked yet. Raises InputError."""
    name = None if policies is None else given_name(policies, "policies")
    return Under(policies=name, as_of=given_day(as_of), outside=outside, service=service)


def load_scenario(
    name_or_path: str = DEFAULT,
    *,
    policies: str | Path | None = None,
    as_of: date | str | None = None,
    outside: Outside | None = None,
    service: Service | None = None,
) -> LoadedScenario:
    """A shipped scenario by name, or a file; raises InputError with file, line and a way out.

    Given values replace those of the scenario: see ``Under``.
    """
    asked = under_given(policies, as_of, outside=outside, service=service)
    return load_under(name_or_path, asked)


def load_under(
    name_or_path: str, asked: Under, *, topology: Topology | None = None
) -> LoadedScenario:
    """The same; ``topology`` is that of the scenario, where it has been loaded before."""
    document = read_scenario(name_or_path)
    return load_document(document, Path(document.file).parent, asked, topology=topology)


def load_document(
    document: Document,
    folder: Path,
    asked: Under = AS_WRITTEN,
    *,
    topology: Topology | None = None,
) -> LoadedScenario:
    """The same of a document whose own files lie in a ``folder``."""
    with Recorder() as recorder:
        loaded = _loaded(document, folder, asked, topology)
    installed = tuple(sorted(recorder.used))
    return loaded.model_copy(update={"installed": installed}) if installed else loaded


def _loaded(
    document: Document, folder: Path, asked: Under, topology: Topology | None
) -> LoadedScenario:
    _refuse_topology(document)
    document = whole(document, folder)
    scenario = validate(document, ScenarioFile)
    topology = topology or _topology(document, scenario, folder)
    demands_of = by_family(located(scenario.demands, topology), scenario.family)
    scenario = scenario.model_copy(update={"demands": demands_of})
    check_demands(document, demands_of, topology, scenario.topology, unconnected=asked.unconnected)
    check_families(document, demands_of, scenario.probe)
    check_disjoint(document, scenario.demands, scenario.disjoint)
    check_aggregates(document, scenario.demands, scenario.aggregates)
    _check_losses(document, scenario, topology)
    _check_buffer(document, scenario, topology)
    check_queues(document, scenario.network.queues, topology, scenario.topology)
    _check_cuts(document, scenario, topology)
    of_data = (name for one in scenario.demands for name in (one.data, one.returns) if name)
    classes = set(of_data) - {SAME_CLASS}

    def own() -> PolicySet:
        return _policies(document, scenario, folder, topology)

    def put(policies: PolicySet) -> PolicySet:
        return under(policies.interpreted(chosen), classes, own, asked.outside)

    asked_for = own() if asked.policies is None else load_policies(asked.policies, topology)
    chosen = chosen_values(document, asked_for, scenario.interpret, asked.interpret)
    known = put(asked_for)
    _check_classes(document, scenario, known)
    check_ids(document, scenario.workloads)
    check_computing(document, scenario.computing, {one.id for one in scenario.workloads})
    loads = implied(scenario.workloads, scenario.events)
    named = checked(document, [*scenario.events, *loads], _known(scenario, topology), folder)
    events = tuple(
        replace(event, policies=put(event.policies)) if event.policies else event
        for event in named[: len(named) - len(loads)]
    )
    for event in events:
        if event.policies is not None:
            _check_classes_under(document, scenario, event, event.policies)
    day = asked.as_of or scenario.as_of or today()
    service = asked.service or scenario.service
    demands = served(document, scenario.demands, known, topology, day, service)
    background = background_of(
        document, scenario.background, topology, scenario.topology, day, folder
    )
    loaded_map = topology if background is None else background.after().on(topology)
    fields = {**dict(scenario), "policies": known.name, "as_of": day, "service": service}
    resolved = Scenario.model_construct(**{**fields, "demands": demands})
    return LoadedScenario(
        scenario=resolved,
        topology=loaded_map,
        policies=known,
        as_of=day,
        events=events,
        workloads=workloads_of(document, scenario.workloads, demands, events, folder),
        loads=tuple(loads),
        background=background,
        own_objective=_own_objective(document, scenario, folder),
        document=document,
    )


def _refuse_topology(document: Document) -> None:
    """Raise InputError for a file of another kind, whose mistakes as a scenario would mislead."""
    if isinstance(document.data, dict) and "hubs" in document.data:
        advice = (
            f"corridor topology check {document.file}, or name it as the topology of a scenario"
        )
        raise document.error("the file is a topology, not a scenario", hint=advice)


def whole(document: Document, folder: Path) -> Document:
    """With what it has from the one it extends."""
    return with_shipped(extended(document, lambda name: read_beside(name, folder), _checked))


def _checked(base: Document) -> object:
    return validate(with_shipped(base), ScenarioFile)


def _topology(document: Document, scenario: ScenarioFile, folder: Path) -> Topology:
    beside = folder / scenario.topology
    try:
        topology = load_topology(str(beside) if is_file(beside) else scenario.topology)
    except InputError as error:
        raise document.error_of_named(error, "topology") from error
    return topology.without_status(scenario.leave_out) if scenario.leave_out else topology


def whole_map(loaded: LoadedScenario) -> Topology:
    """The topology of a scenario with the fibres that its ``leave_out`` removes."""
    scenario = loaded.scenario.model_copy(update={"leave_out": ()})
    return _topology(loaded.document, scenario, Path(loaded.document.file).parent)


def _policies(
    document: Document, scenario: ScenarioFile, folder: Path, topology: Topology
) -> PolicySet:
    beside = folder / scenario.policies
    try:
        return load_policies(str(beside) if is_file(beside) else scenario.policies, topology)
    except InputError as error:
        raise document.error_of_named(error, "policies") from error


def _own_objective(document: Document, scenario: ScenarioFile, folder: Path) -> OwnFile | None:
    if not scenario.objective.endswith(ENDING):
        return None
    try:
        return read_custom(folder / scenario.objective)
    except InputError as error:
        raise document.error_of_named(error, "objective") from error


def _check_classes(document: Document, scenario: ScenarioFile, policies: PolicySet) -> None:
    """Every class is known, unless no policy looks at classes; answers are of a stated class."""
    for number, demand in enumerate(scenario.demands):
        if demand.data != UNCLASSIFIED and demand.returns is None:
            raise document.error(
                f'demand "{demand.id}" does not state the class of its responses',
                "demands",
                number,
                hint=f"write returns: {SAME_CLASS}, or the class of the answers' data",
            )
        for key in ("data", "returns"):
            name = getattr(demand, key)
            if policies.looks_at_data and name not in (None, SAME_CLASS, *policies.class_ids):
                message = f'demand "{demand.id}" has the unknown data class "{name}"'
                hint = hint_about(name, policies)
                raise document.error(message, "demands", number, key, hint=hint)


def _check_classes_under(
    document: Document, scenario: ScenarioFile, event: NamedEvent, policies: PolicySet
) -> None:
    """The same under another set that an event asks for: the controller would refuse it."""
    for demand in scenario.demands:
        for name in (demand.data, demand.returns):
            if policies.looks_at_data and name not in (None, SAME_CLASS, *policies.class_ids):
                message = (
                    f'under {event.what} demand "{demand.id}" has the unknown data class "{name}"'
                )
                hint = hint_about(str(name), policies)
                raise document.error(message, *event.place, event.kind.key, hint=hint)


def _known(scenario: ScenarioFile, topology: Topology) -> Known:
    demands = {demand.id: demand.throughput is not None for demand in scenario.demands}
    streams = any(one.kind.key == STREAM for one in scenario.timeline) or any(
        one.throughput is not None and one.throughput.udp is not None for one in scenario.demands
    )
    return Known(
        topology=topology,
        topology_name=scenario.topology,
        demands=demands,
        workloads=[one.id for one in scenario.workloads],
        streams=streams,
        has_bfd=scenario.network.bfd is not None,
        follows=scenario.follows,
        domains=HomeDomains(topology).domains if scenario.controller.domains else (),
    )


def _check_cuts(document: Document, scenario: ScenarioFile, topology: Topology) -> None:
    cuts = scenario.cuts
    if cuts is None:
        return
    if cuts.silent and scenario.network.bfd is None:
        raise unnoticed(document, "cuts", "silent")
    fibres = {fibre.id for fibre in topology.fibres}
    for number, name in enumerate(() if cuts.fibres == "all" else cuts.fibres):
        if name not in fibres:
            hint = nearest_named(name, fibres) or f"corridor topology show {scenario.topology}"
            raise document.error(
                f'cut of unknown fibre "{name}"', "cuts", "fibres", number, hint=hint
            )


def _check_losses(document: Document, scenario: ScenarioFile, topology: Topology) -> None:
    fibres = {fibre.id for fibre in topology.fibres}
    for fibre, share in scenario.network.fibre_loss.items():
        if fibre not in fibres:
            hint = nearest_named(fibre, fibres) or f"corridor topology show {scenario.topology}"
            message = f'loss of unknown fibre "{fibre}"'
            raise document.error(message, "network", "fibre_loss", fibre, hint=hint)
        _check_loss(document, share, "network", "fibre_loss", fibre)
    _check_loss(document, scenario.network.loss, "network", "loss")
    for fibre in scenario.network.fibre_line:
        if fibre not in fibres:
            hint = nearest_named(fibre, fibres) or f"corridor topology show {scenario.topology}"
            message = f'line of unknown fibre "{fibre}"'
            raise document.error(message, "network", "fibre_line", fibre, hint=hint)
    check_lines(document, scenario.network)


def _check_buffer(document: Document, scenario: ScenarioFile, topology: Topology) -> None:
    """No port's queue holds more packets than the kernel counts."""
    fastest_bps = max(map(topology.emulated_rate_bps, topology.fibres), default=0)
    queued = queue_packets(fastest_bps, scenario.network.buffer / 1e6)
    if queued > MAX_QUEUE_PACKETS:
        message = f"at {format_rate(fastest_bps)} the buffer holds {queued} packets"
        hint = f"the kernel queues {MAX_QUEUE_PACKETS} at most: make it shorter"
        raise document.error(message, "network", "buffer", hint=hint)


def _check_loss(document: Document, share: float, *path: str) -> None:
    if share > 1:
        raise document.error("a loss cannot exceed 100%", *path, hint="write for example 0.1%")
    if 0 < share < LEAST_LOSS:
        raise document.error(
            f"a loss of {share * 100:g}% is less than netem can do",
            *path,
            hint=f"write 0%, or at least {LEAST_LOSS * 100:.1g}%",
        )
