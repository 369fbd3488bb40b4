"""Labels: given, written and shared wrongly."""

from __future__ import annotations

from dataclasses import replace

from corridor.controller.forwarding.program import (
    Action,
    Flow,
    Reason,
    Table,
    label_of,
    phase_of,
    set_field,
)
from corridor.controller.policy.phase import Phase
from mutants.tool import acting, mutant, of, unset, written
from prover_worlds import HOST_PORT, NotHereError


def _relabelling(mesh, phase=None):
    """Entries of the last table that write labels, themselves or in a bucket; where and what."""
    found = []
    for hub, flow in mesh.decisions():
        if any(action.arguments[:1] == ("mpls_label",) for action in flow.actions):
            found.append((hub, flow, None, None))
        for action in flow.actions:
            if action.kind == "group":
                made = mesh.groups(hub)[action.arguments[0]]
                for place, bucket in enumerate(made.buckets):
                    if any(one.arguments[:1] == ("mpls_label",) for one in bucket.actions):
                        found.append((hub, flow, made, place))
    return found


def _rewritten(mesh, change):
    """Some relabelling entry or bucket, with its actions changed."""
    hub, flow, made, place = mesh.one_of(_relabelling(mesh))
    if made is None:
        return mesh.replaced(hub, flow, acting(flow, *change(flow.actions)))
    buckets = list(made.buckets)
    buckets[place] = replace(buckets[place], actions=change(buckets[place].actions))
    return mesh.replaced(hub, None, groups=[replace(made, buckets=tuple(buckets))])


@mutant("C14")
def another_demands_label_is_pushed(mesh):
    hub, flow = mesh.pick(Reason.LABEL)
    label = mesh.other_label(flow.actions[0].arguments[0])
    push = Action("push_label", (label,))
    tc = set_field("mpls_tc", int(phase_of(label)))
    return mesh.replaced(hub, flow, acting(flow, push, tc))


@mutant("C14")
def a_label_is_turned_into_another_demands(mesh):
    hub, flow = mesh.one_of(
        mesh.decisions(where=lambda _, f: f.reason is Reason.SWITCH and "group" not in _kinds(f))
    )
    label = mesh.other_label(of(flow, "mpls_label"))
    turn = (set_field("mpls_label", label), set_field("mpls_tc", int(phase_of(label))))
    _to_have_come_by(mesh, hub, flow)
    return mesh.replaced(hub, flow, acting(flow, *turn, *flow.actions))


@mutant("C14")
def a_bucket_turns_a_label_into_another_demands(mesh):
    hub, _flow, made, place = mesh.one_of([one for one in _relabelling(mesh) if one[2] is not None])
    bucket = made.buckets[place]
    label = next(a.arguments[1] for a in bucket.actions if a.arguments[:1] == ("mpls_label",))
    actions = written(bucket.actions, "mpls_label", mesh.other_label(label))
    buckets = (*made.buckets[:place], replace(bucket, actions=actions), *made.buckets[place + 1 :])
    return mesh.replaced(hub, None, groups=[replace(made, buckets=buckets)])


@mutant("C14")
def two_demands_share_a_label(mesh):
    """Wherever one was matched, given or written, the other is now."""
    one = mesh.one_of(mesh.labels())
    other = mesh.other_label(one)
    if phase_of(one) is not phase_of(other) or _meet(mesh, one, other):
        raise NotHereError
    swap = {other: one}
    return mesh.with_switches(
        [_switch_with_labels(switch, swap) for switch in mesh.program.switches]
    )


def _switch_with_labels(switch, swap):
    groups = tuple(
        replace(
            group,
            buckets=tuple(replace(b, actions=_labels_in(b.actions, swap)) for b in group.buckets),
        )
        for group in switch.groups
    )
    flows = tuple(_with_labels(flow, swap) for flow in switch.flows)
    return replace(switch, flows=flows, groups=groups)


def _meet(mesh, one, other):
    places = {
        label: {(hub, of(flow, "in_port")) for hub, flow in mesh.decisions()
                if of(flow, "mpls_label") == label}
        for label in (one, other)
    }  # fmt: skip
    return bool(places[one] & places[other])


def _with_labels(flow: Flow, swap) -> Flow:
    match = tuple(
        (name, swap.get(value, value) if name == "mpls_label" else value)
        for name, value in flow.match
    )
    return replace(flow, match=match, actions=_labels_in(flow.actions, swap))


def _labels_in(actions, swap):
    return tuple(
        replace(action, arguments=tuple(swap.get(one, one) for one in action.arguments))
        if action.kind == "push_label" or action.arguments[:1] == ("mpls_label",)
        else action
        for action in actions
    )


def _kinds(flow):
    return {action.kind for action in flow.actions}


def _to_have_come_by(mesh, hub, flow):
    """The entry must send onto a fibre for the label to be seen."""
    outs = {a.arguments[0] for a in flow.actions if a.kind == "output"}
    if not any((hub, port) in mesh.ports for port in outs):
        raise NotHereError


@mutant("C3")
def a_reserved_label_is_given_out(mesh):
    """Of RFC 3032, wherever another of its phase was matched, given or written."""
    return _called(mesh, Phase.PRE, mesh.chance.randrange(16))


@mutant("C3")
def a_label_that_hosts_can_make_is_given_out(mesh):
    return _called(mesh, Phase.ASSESSED, 0xAAAA0 + mesh.chance.randrange(16))


def _called(mesh, phase, name):
    """With a label of a phase under another name everywhere."""
    label = mesh.one_of([one for one in mesh.labels() if phase_of(one) is phase])
    return mesh.with_switches(
        [_switch_with_labels(switch, {label: name}) for switch in mesh.program.switches]
    )


@mutant("C3")
def a_label_says_another_phase_than_its_class(mesh):
    return _rewritten(
        mesh,
        lambda actions: written(actions, "mpls_tc", (_value(actions, "mpls_tc") + 1) % len(Phase)),
    )


def _value(actions, name):
    return next(action.arguments[1] for action in actions if action.arguments[:1] == (name,))


@mutant("C3")
def the_class_is_left_as_it_was(mesh):
    """The label's phase changes, and the traffic class does not."""
    changing = [one for one in _relabelling(mesh) if _changes_phase(*one[1:])]
    hub, flow, made, place = mesh.one_of(changing)
    if made is None:
        return mesh.replaced(hub, flow, acting(flow, *unset(flow.actions, "mpls_tc")))
    bucket = made.buckets[place]
    bare = replace(bucket, actions=unset(bucket.actions, "mpls_tc"))
    buckets = (*made.buckets[:place], bare, *made.buckets[place + 1 :])
    return mesh.replaced(hub, None, groups=[replace(made, buckets=buckets)])


def _changes_phase(flow, made, place):
    actions = flow.actions if made is None else made.buckets[place].actions
    return phase_of(of(flow, "mpls_label")) is not phase_of(_value(actions, "mpls_label"))


@mutant("C3")
def the_class_of_a_given_label_is_not_set(mesh):
    hub, flow = mesh.pick(Reason.LABEL)
    return mesh.replaced(hub, flow, acting(flow, *unset(flow.actions, "mpls_tc")))


@mutant("C3")
def a_label_says_exempt_of_what_owes_a_waypoint(mesh):
    """Label and class agree, and the border would let it pass."""
    hub, flow = mesh.one_of(
        mesh.decisions(
            where=lambda _, f: (
                phase_of(of(f, "mpls_label")) is Phase.PRE and of(f, "in_port") == HOST_PORT
            )
        )
    )
    turn = (set_field("mpls_label", label_of(0, Phase.EXEMPT, 999)), set_field("mpls_tc", 3))
    return mesh.replaced(hub, flow, acting(flow, *turn, *flow.actions))


@mutant("C3")
def assessment_is_declared_without_the_gateway(mesh):
    hub, flow = mesh.one_of(
        mesh.decisions(
            where=lambda _, f: (
                phase_of(of(f, "mpls_label")) is Phase.PRE and of(f, "in_port") == HOST_PORT
            )
        )
    )
    turn = (set_field("mpls_label", label_of(0, Phase.ASSESSED, 999)), set_field("mpls_tc", 1))
    return mesh.replaced(hub, flow, acting(flow, *turn, *flow.actions))


@mutant("C3")
def what_has_passed_the_gateway_keeps_its_label(mesh):
    gateways = [
        one
        for one in _relabelling(mesh)
        if one[1].reason is Reason.FROM_GATEWAY and _changes_phase(*one[1:])
    ]
    hub, flow, made, place = mesh.one_of(gateways)

    def kept(actions):
        return unset(unset(actions, "mpls_tc"), "mpls_label")

    if made is None:
        return mesh.replaced(hub, flow, acting(flow, *kept(flow.actions)))
    bucket = made.buckets[place]
    buckets = [
        replace(one, actions=kept(one.actions)) if one is bucket else one for one in made.buckets
    ]
    return mesh.replaced(hub, None, groups=[replace(made, buckets=tuple(buckets))])


@mutant("C3")
def labels_are_changed_where_they_come_in(mesh):
    hub, flow = mesh.pick(Reason.ADMIT, lambda _, f: f.goto == Table.SWITCH)
    label = mesh.one_of(mesh.labels())
    turn = (set_field("mpls_label", label), set_field("mpls_tc", int(phase_of(label))))
    return mesh.replaced(hub, flow, acting(flow, *turn))


@mutant("C3")
def a_label_is_pushed_on_the_path(mesh):
    hub, flow = mesh.one_of(
        mesh.decisions(where=lambda at, f: (at, of(f, "in_port")) in mesh.ports)
    )
    push = Action("push_label", (of(flow, "mpls_label"),))
    return mesh.replaced(hub, flow, acting(flow, push, *flow.actions))


@mutant("C3")
def assessment_is_declared_at_a_later_hub(mesh):
    """Of packets that have passed no gateway, where they come in over a fibre."""
    hub, flow = mesh.one_of(
        mesh.decisions(
            where=lambda at, f: (
                phase_of(of(f, "mpls_label")) in (Phase.PRE, Phase.EXEMPT)
                and (at, of(f, "in_port")) in mesh.ports
                and f.reason is Reason.SWITCH
                and not _is_assessed_somewhere(mesh, f)
            )
        )
    )
    turn = (set_field("mpls_label", label_of(0, Phase.ASSESSED, 999)), set_field("mpls_tc", 1))
    return mesh.replaced(hub, flow, acting(flow, *turn, *flow.actions))


def _is_assessed_somewhere(mesh, flow):
    """Whether the demand of an entry goes by gateways."""
    gateways = (Reason.TO_GATEWAY, Reason.FROM_GATEWAY)
    return any(one.policy == flow.policy and one.reason in gateways for _, one in mesh.decisions())
