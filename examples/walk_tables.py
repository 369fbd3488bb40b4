"""Walk packets through tables that were exported, and hold the walks against what is expected.

    corridor export mini --to walker --out walked
    .venv/bin/python examples/walk_tables.py walked/walker.json

Written from docs/export.md: it reads JSON, and shares no code with what it looks at. Ends with 1 if
a walk is not as expected, or is where policies forbid it.
"""

import json
import sys
from pathlib import Path

ETH_MPLS, MOST_HOPS = 0x8847, 255


def act(net, hub, port, actions, header, labels, dead):
    """The packet after some actions, and all that they send out: port, header, labels."""
    sent = []
    for kind, *given in actions:
        if kind == "in_port" or (kind == "output" and given[0] != port):
            sent.append((given[0] if given else port, header, labels))
        elif kind == "group":
            for bucket in net["buckets"][hub, given[0]]:
                watches = (bucket["watch_port"], bucket["watch_group"])
                if watches == (None, None) or is_live(net, hub, watches[0], dead):
                    sent += act(net, hub, port, bucket["actions"], header, labels, dead)[2]
                    break
        elif kind == "push_label":
            labels = [*labels, {"mpls_label": given[0], "mpls_tc": header["ip_dscp"] >> 3}]
        elif kind == "pop_label":
            labels = labels[:-1]
        elif kind == "set_field" and given[0].startswith("mpls_"):
            labels = [*labels[:-1], {**labels[-1], given[0]: given[1]}]
        elif kind == "set_field":
            header = {**header, given[0]: given[1]}
        elif kind not in ("output", "decrement_label_ttl"):
            raise LookupError(f"unknown action {kind}")
    return header, labels, sent


def switch(net, hub, port, header, labels, dead):
    """All that a switch sends out of one packet."""
    table, sent = 0, []
    while table is not None:
        seen = {"eth_type": ETH_MPLS, "vlan_vid": 0, **labels[-1]} if labels else header
        seen = {**seen, "in_port": port}
        takes = (e for e in net["entries"][hub, table] if e["match"].items() <= seen.items())
        entry = next(takes, {"actions": [], "goto": None})
        header, labels, more = act(net, hub, port, entry["actions"], header, labels, dead)
        sent, table = sent + more, entry["goto"]
    return sent


def is_live(net, hub, port, dead):
    if port == net["host"] or (hub, port) in net["hosts"]:
        return True
    fibre = net["leads"].get((hub, port), (None,))[0]
    return hub not in dead["gateways"] if fibre == "" else fibre not in (None, *dead["fibres"])


def walk(net, src, header, dead):
    """Return the packet that a host receives, or None, and the hubs, gateways and fibres passed."""
    hub, port = src
    hubs, gateways, arcs = [hub], [], []
    label = {name: value for name, value in header.items() if name.startswith("mpls_")}
    labels = [label] if label else []
    while len(arcs) + len(gateways) < MOST_HOPS:
        try:
            ((out, header, labels),) = switch(net, hub, port, header, labels, dead)
        except (LookupError, ValueError):
            break  # dropped, copied, or an unknown action
        if out == net["host"] or (hub, out) in net["hosts"]:
            return ((hub, out), {} if labels else header), hubs, gateways, arcs
        if not is_live(net, hub, out, dead):
            return None, hubs, gateways, arcs
        fibre, far, port = net["leads"][hub, out]
        if fibre:
            hubs, arcs = [*hubs, far], [*arcs, {"src": hub, "fibre": fibre, "dst": far}]
        else:
            gateways = [*gateways, hub]
        hub = far
    return None, hubs, gateways, arcs


def network(said):
    """Entries and buckets by hub; where ports lead: a fibre or, if empty, a gateway; hub, port."""
    net = {"host": said["host_port"], "entries": {}, "buckets": {}, "leads": {}}
    net["hosts"] = {(one["hub"], one["port"]): one["host"] for one in said.get("hosts", [])}
    for hub in said["hubs"]:
        for entry in hub["entries"]:
            net["entries"].setdefault((hub["hub"], entry["table"]), []).append(entry)
        net["buckets"] |= {(hub["hub"], int(n)): group for n, group in hub["groups"].items()}
    for wire in said["wires"]:
        a, z = ((end["hub"], end["port"]) for end in (wire["a"], wire["z"]))
        net["leads"] |= {a: (wire["fibre"], *z), z: (wire["fibre"], *a)}
    for one in said["gateways"]:
        net["leads"][one["hub"], one["into"]] = ("", one["hub"], one["back"])
    return net


def place(net, one, end):
    """Return the hub and port of the host at an end of a demand."""
    named = {host: at for at, host in net["hosts"].items()}
    return named.get(one.get(f"{end}_host"), (one[end], net["host"]))


def wrong(net, demand, expected):
    """Yield the differences of a trace from the expectation, and its violations."""
    dead, never = expected["dead"], demand["never"]
    got, hubs, gateways, arcs = walk(net, place(net, demand, "src"), demand["header"], dead)
    arrives = got == (place(net, demand, "dst"), demand["header"])
    yield arrives != expected["arrives"], f"arrives: {arrives}"
    yield not any(dead.values()) and arrives != demand["permitted"], "policies say otherwise"
    yield got is not None and not arrives, f"another packet is delivered: {got}"
    yield [hubs, gateways] != [expected["hubs"], expected["gateways"]], f"by {hubs}, {gateways}"
    yield not {*hubs[1:]}.isdisjoint(never["hubs"]), f"is where it may not be: {hubs}"
    yield any(arc in never["fibres"] for arc in arcs), f"crosses what it may not: {arcs}"
    owed = never["arrives_without"]
    yield arrives and owed != [] and {*owed}.isdisjoint(gateways), "passes no gateway"


def main(file):
    said = json.loads(Path(file).read_text(encoding="utf-8"))
    net, walks, found, undeclared = network(said), 0, [], said["undeclared"]
    for demand in said["demands"]:
        for expected in demand["expected"]:
            walks += 1
            words = [text for is_wrong, text in wrong(net, demand, expected) if is_wrong]
            found += [f"{demand['demand']}, dead {expected['dead']}: {text}" for text in words]
    for one in undeclared:
        dead = {"fibres": [], "gateways": []}
        got, hubs, _, _ = walk(net, place(net, one, "src"), one["header"], dead)
        leaves = got is not None or len(hubs) > 1
        if leaves or leaves != one["leaves"]:
            found.append(f"from {one['src']}, {one['why']}: leaves {leaves}")
    print(*found, f"{walks} walks, {len(undeclared)} undeclared: {len(found)} wrong", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
