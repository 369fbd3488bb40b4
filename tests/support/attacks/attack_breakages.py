"""Tables broken on purpose, so that an attack gets through and is seen to.

Each breakage adds entries, of nobody's, to the tables of one hub while one attack is played.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attack_gateway import HUB as GATEWAY_HUB
from attack_rounds import Round, every_attack
from attack_shots import Attack
from attack_world import HONEST_PORT, Mesh
from corridor.controller.policy.phase import Phase
from corridor.topologies.model.wiring import GATEWAY_IN_PORT, GATEWAY_OUT_PORT, HOST_PORT

FIRST = "priority=1000"
HOST = f"{FIRST},in_port={HOST_PORT}"

type Entries = list[tuple[str, str]]
"""Hub, and the entry in the words of ovs-ofctl."""
type Breakage = Callable[[Mesh], Entries]

BREAKAGES: dict[str, tuple[str, Breakage]] = {}
"""By name: the attack that gets through, and the entries."""


def broken_rounds(mesh: Mesh) -> dict[str, Round]:
    """For each breakage its attack, and the change of the tables during the attack."""
    known: dict[str, Attack] = {f"{one.group}: {one.kind}": one for one in every_attack(mesh)}
    rounds = {}
    for name, (attack, make) in BREAKAGES.items():
        entries = make(mesh)
        breakage: Mapping[str, Any] = {"entries": entries} if entries else {"in_band": "guian"}
        rounds[name] = Round(known[attack], breakage)
    return rounds


def _breaks(attack: str, name: str) -> Callable[[Breakage], Breakage]:
    def note(make: Breakage) -> Breakage:
        BREAKAGES[name] = (attack, make)
        return make

    return note


def port(mesh: Mesh, hub: str, fibre: str) -> int:
    wire = next(one for one in mesh.wiring.fibres if one.fibre == fibre)
    return next(end.port for end in (wire.a, wire.z) if end.hub == hub)


def label(mesh: Mesh, demand: str, phase: Phase) -> int:
    uses = mesh.program.labels
    return next(one.label for one in uses if (one.demand, one.phase) == (demand, phase))


def _as_checkpoints(mesh: Mesh, packets: str) -> Entries:
    """At guian, packets are taken for checkpoints."""
    push = f"push_mpls:0x8847,set_field:{label(mesh, 'checkpoints', Phase.PRE)}->mpls_label"
    return [
        ("guian", f"table=1,{HOST},{packets},actions=set_field:0->ip_dscp,goto_table:2"),
        ("guian", f"table=2,{HOST},{packets},actions={push},set_field:0->mpls_tc,goto_table:4"),
    ]


@_breaks("addresses: source MAC of another", "no look at a packet's source")
def _(mesh: Mesh) -> Entries:
    return [("guian", f"table=0,{HOST},ip,actions=goto_table:1")]


@_breaks("addresses: source IP of another", "no look at a packet's source address")
def _(mesh: Mesh) -> Entries:
    me = mesh.hub("guian").host_mac
    return [("guian", f"table=0,{HOST},ip,dl_src={me},actions=goto_table:1")]


@_breaks("addresses: domestic addresses at a foreign hub", "no look at a packet's source abroad")
def _(mesh: Mesh) -> Entries:
    return [("karachi", f"table=0,{HOST},ip,actions=goto_table:1")]


@_breaks(
    "addresses: declared destination by another's MAC", "no look at a packet's destination MAC"
)
def _(mesh: Mesh) -> Entries:
    return _as_checkpoints(mesh, f"ip,nw_dst={mesh.hub('karachi').host_ip}")


@_breaks("ARP: gratuitous", "ARP let out")
def _(mesh: Mesh) -> Entries:
    return [("guian", f"table=0,{HOST},arp,actions=output:{port(mesh, 'guian', 'guian-kunming')}")]


@_breaks("ARP: in another's name", "answers to whoever asks in whatever name")
def _(mesh: Mesh) -> Entries:
    return [("guian", f"table=0,{HOST},arp,actions=IN_PORT")]


@_breaks("ARP: right question", "a wrong answer")
def _(mesh: Mesh) -> Entries:
    wrong = mesh.hub("bangkok").host_mac
    address = mesh.hub("karachi").host_ip
    answer = f"set_field:2->arp_op,set_field:{wrong}->arp_sha,set_field:{address}->arp_spa,IN_PORT"
    return [("guian", f"table=0,{HOST},arp,actions={answer}")]


@_breaks("tags: priority (VID 0)", "no look at tags")
def _(mesh: Mesh) -> Entries:
    out = port(mesh, "guian", "guian-kunming")
    return [("guian", f"table=0,{HOST},vlan_tci=0x1000/0x1000,actions=output:{out}")]


@_breaks("labels: every label in use, and guesses", "labels let in from a host")
def _(mesh: Mesh) -> Entries:
    return [("guian", f"table=0,{HOST},mpls,actions=goto_table:4")]


@_breaks(
    "gateway bypass: as if assessed, at the gateway's own hub and elsewhere",
    "assessed labels let in from the gateway's own hub",
)
def _(mesh: Mesh) -> Entries:
    out = port(mesh, "kunming", "kunming-karachi")
    past = label(mesh, "checkpoints", Phase.ASSESSED)
    return [("kunming", f"table=0,{HOST},mpls,mpls_label={past},actions=output:{out}")]


@_breaks("fragments: later, of a demand bound to ports", "fragments let in without their ports")
def _(mesh: Mesh) -> Entries:
    return _as_checkpoints(mesh, "udp,ip_frag=later")


@_breaks("fragments: first, of a demand bound to ports", "first fragments let in")
def _(mesh: Mesh) -> Entries:
    return _as_checkpoints(mesh, "udp,ip_frag=first")


@_breaks("DSCP: all 64, confined", "a host's DSCP left as it is")
def _(mesh: Mesh) -> Entries:
    src, dst = (mesh.hub(hub).host_ip for hub in mesh.intent("train").pair)
    packets = f"ip,nw_src={src},nw_dst={dst}"
    return [("shanghai", f"table=1,{HOST},{packets},actions=goto_table:2")]


@_breaks("DSCP: all 64, through a gateway over a border", "a traffic class that follows the DSCP")
def _(mesh: Mesh) -> Entries:
    push = f"push_mpls:0x8847,set_field:{label(mesh, 'checkpoints', Phase.PRE)}->mpls_label"
    return [
        ("guian", f"table=1,{HOST},udp,tp_dst=5000,actions=goto_table:2"),
        ("guian", f"table=2,{HOST},udp,tp_dst=5000,actions={push},goto_table:4"),
    ]


@_breaks("IPv6: UDP, ND, RA, MLD, extensions", "IPv6 let out")
def _(mesh: Mesh) -> Entries:
    return [("guian", f"table=0,{HOST},ipv6,actions=output:{port(mesh, 'guian', 'guian-kunming')}")]


@_breaks("to everybody: a storm from every hub at once", "broadcast flooded")
def _(mesh: Mesh) -> Entries:
    return [("bangkok", f"table=0,{HOST},dl_dst=ff:ff:ff:ff:ff:ff,actions=ALL")]


@_breaks("demands: blocked", "what is blocked taken for what is not")
def _(mesh: Mesh) -> Entries:
    return _as_checkpoints(mesh, "tcp,tp_dst=7000")


@_breaks("demands: other ports and protocols than it is bound to", "no look at ports")
def _(mesh: Mesh) -> Entries:
    return _as_checkpoints(mesh, "udp")


@_breaks("control: STP, LACP, pause, 802.1X, CFM, PTP, CDP", "bridges' own protocols let out")
def _(mesh: Mesh) -> Entries:
    out = port(mesh, "guian", "guian-kunming")
    return [("guian", f"table=0,{HOST},dl_dst=01:80:c2:00:00:02,actions=output:{out}")]


@_breaks("control: BFD in a switch's name", "BFD let out, which the watch does not look at")
def _(mesh: Mesh) -> Entries:
    out = port(mesh, "guian", "guian-kunming")
    return [("guian", f"table=0,{HOST},udp,tp_dst=3784,actions=output:{out}")]


@_breaks(
    "control: what Open vSwitch lets pass for a controller in its own band",
    "entries of Open vSwitch's own for a controller in its band",
)
def _(mesh: Mesh) -> Entries:
    """Entries that a switch does not report, at one hub only: two would flood forever."""
    return []


@_breaks("sizes: runts", "cut headers let out")
def _(mesh: Mesh) -> Entries:
    return [("guian", f"table=0,{HOST},ip,actions=output:{port(mesh, 'guian', 'guian-kunming')}")]


@_breaks("IPv4: options", "a way that is not the demand's")
def _(mesh: Mesh) -> Entries:
    """To Bangkok by sea, of what is confined."""
    out, first = port(mesh, "shanghai", "shanghai-bangkok"), label(mesh, "train", Phase.DOMESTIC)
    return [("shanghai", f"table=4,{HOST},mpls,mpls_label={first},actions=output:{out}")]


@_breaks("LLC: IPv4 behind SNAP", "a label in use that begins like a SNAP header")
def _(mesh: Mesh) -> Entries:
    by = port(mesh, "guian", "shanghai-guian")
    taken = f"{FIRST},in_port={by},mpls,mpls_label={0xAAAA0}"
    return [("guian", f"table=4,{taken},actions=pop_mpls:0x0800,output:{HOST_PORT}")]


@_breaks("LLC: all else", "802.3 let out")
def _(mesh: Mesh) -> Entries:
    out = port(mesh, "guian", "guian-kunming")
    return [("guian", f"table=0,{HOST},dl_type=0x05ff,actions=output:{out}")]


BACK = f"{FIRST},in_port={GATEWAY_OUT_PORT}"


@_breaks(
    "bad gateway: assessed labels, and all others, of other demands",
    "assessed labels taken back from the gateway",
)
def _(mesh: Mesh) -> Entries:
    past = label(mesh, "checkpoints", Phase.ASSESSED)
    out = port(mesh, GATEWAY_HUB, "kunming-karachi")
    return [(GATEWAY_HUB, f"table=4,{BACK},mpls,mpls_label={past},actions=output:{out}")]


@_breaks("bad gateway: without a label", "a gateway trusted with what has no label")
def _(mesh: Mesh) -> Entries:
    out = port(mesh, GATEWAY_HUB, "kunming-karachi")
    return [(GATEWAY_HUB, f"table=0,{BACK},ip,actions=output:{out}")]


@_breaks("bad gateway: by the side that frames come to it", "a way back in by the gateway's way in")
def _(mesh: Mesh) -> Entries:
    path_in = f"{FIRST},in_port={GATEWAY_IN_PORT}"
    out = port(mesh, GATEWAY_HUB, "kunming-karachi")
    return [(GATEWAY_HUB, f"table=0,{path_in},mpls,actions=output:{out}")]


@_breaks("bad gateway: spent TTL", "a hop that is not spent")
def _(mesh: Mesh) -> Entries:
    home, out = next(iter(mesh.labels[GATEWAY_HUB])), port(mesh, GATEWAY_HUB, "kunming-karachi")
    return [(GATEWAY_HUB, f"table=4,{BACK},mpls,mpls_label={home},actions=output:{out}")]


@_breaks("bad gateway: forged phase", "a phase that the gateway may choose")
def _(mesh: Mesh) -> Entries:
    before, past = (label(mesh, "checkpoints", phase) for phase in (Phase.PRE, Phase.ASSESSED))
    out = port(mesh, GATEWAY_HUB, "kunming-karachi")
    onward = f"dec_mpls_ttl,set_field:{past}->mpls_label,output:{out}"
    return [(GATEWAY_HUB, f"table=4,{BACK},mpls,mpls_label={before},actions={onward}")]


@_breaks(
    "bad gateway: another's packets under a label it assesses",
    "a label that goes another way than its demand's",
)
def _(mesh: Mesh) -> Entries:
    home = next(iter(mesh.labels[GATEWAY_HUB]))
    out = port(mesh, GATEWAY_HUB, "shanghai-kunming")
    return [(GATEWAY_HUB, f"table=4,{BACK},mpls,mpls_label={home},actions=output:{out}")]


@_breaks("addresses: both of another", "honest traffic dropped")
def _(mesh: Mesh) -> Entries:
    return [("shanghai", f"table=1,{HOST},udp,tp_src={HONEST_PORT},actions=drop")]


@_breaks("control: LLDP that forges links", "LLDP of hosts believed")
def _(mesh: Mesh) -> Entries:
    """The last, since what a controller has believed once it does not forget."""
    return [("guian", f"table=0,{HOST},dl_type=0x88cc,actions=CONTROLLER:65535")]
