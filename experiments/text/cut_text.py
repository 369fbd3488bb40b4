"""The answer of a cut in sentences and tables. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.answers.cut_answer import CutAnswer, CutDemand, OtherHub
from corridor.experiments.terminal.columns import render
from corridor.experiments.text.internet_text import internet_lines, internet_sentence, wrapped
from corridor.topologies.base.words import counted, more_ms, ms

MOST_TOLD = 6
HEADINGS = (
    *("demand", "RTT before", "detour", "after recomputation", "new jurisdictions", "reason"),
)
RIGHT = frozenset({"RTT before", "detour", "after recomputation"})
MOST_ROWS = 15
POSSIBLE = "?: possible transit, which no source confirms"


def cut_text(
    of: CutAnswer,
    names: Mapping[str, str],
    *,
    everything: bool = False,
    width: int | None = None,
) -> str:
    """A sentence and a table, that within ``width``; ``names`` are those of jurisdictions, by
    code."""
    under = f"policy set {of.policies}, as of {of.as_of}"
    law = "no policy set" if of.policies == NO_POLICIES else under
    cut = f"Cut of {', '.join(what_is_cut(of))}"
    cut += f" ({counted(len(of.fibres), 'fibre')})" if of.fibres else ""
    lines = [f"{cut}; scenario {of.scenario}, {law}:"]
    lines += [wrapped(one, width) for one in footprint_said(of)]
    lines.append(_sentence(of))
    lines += [] if of.internet is None else [wrapped(internet_sentence(of.internet, names), width)]
    if of.own_end:
        lines.append(f"Source or destination failed: {', '.join(of.own_end)}.")
    if of.hit:
        shown = of.hit if everything else of.hit[:MOST_ROWS]
        columns = _columns([_cells(one, names) for one in shown])
        lines += [
            "",
            render(*columns, RIGHT, width=width, spare=("RTT before",), wrap=columns[0][-1]),
        ]
        more = len(of.hit) - len(shown)
        lines += [f"{more} more rows: use --all"] if more else []
        possible = any(code.endswith("?") for one in shown for code in one.adds)
        lines += [POSSIBLE] if possible else []
    lines += other_hubs_said(of.other_hubs)
    if of.internet is not None:
        lines += ["", *internet_lines(of.internet, names, width)]
    return "\n".join(lines).rstrip()


def what_is_cut(of: CutAnswer, named: Callable[[str], str] | None = None) -> list[str]:
    """The elements that are cut, in words; the fibres of a footprint by its name.

    Args:
        of: The answer.
        named: Names an element; by default, by its id.
    """
    shape = of.footprint
    hit = frozenset() if shape is None else {f"link:{one}" for one in shape.sure + shape.possible}
    others = [one for one in of.dead if one not in hit]
    first = [] if shape is None else [f"footprint {shape.id}"]
    return [*first, *map(named or _element_named, others)]


def footprint_said(of: CutAnswer) -> Iterator[str]:
    """Sentences: the shape, what it hits, and the effect if only the sure fibres fail."""
    shape = of.footprint
    if shape is None:
        return
    day = f", {shape.date}" if shape.date else ""
    hits = [f"surely hits {counted(len(shape.sure), 'fibre')}"] if shape.sure else []
    if shape.possible:
        coarse = "since routes between waypoints are coarse; all of them are cut"
        hits.append(f"possibly hits {counted(len(shape.possible), 'fibre')}, {coarse}")
    effect = f"It {' and '.join(hits) or 'hits no fibre of this map'}."
    yield f"Footprint: {shape.what}{day}; {shape.shape}. {effect}"
    if shape.cut:
        yield f"Systems that the event cut, on this map or not: {', '.join(shape.cut)}."
    if shape.possible:
        verb = "is" if shape.affected_at_least == 1 else "are"
        yield (
            f"If only the sure ones fail, {counted(shape.affected_at_least, 'demand')} {verb} "
            f"affected and {len(shape.disconnected_at_least) or 'none'} disconnected."
        )


def _element_named(name: str) -> str:
    """The id of a fibre or a group of fibres; a hub and its gateway also by their kind."""
    kind, _, rest = name.partition(":")
    return f"{kind} {rest}" if kind in ("hub", "gateway") else rest


def _sentence(of: CutAnswer) -> str:
    served = counted(of.served, "served demand")
    affected = len(of.hit) + len(of.own_end)
    if not affected:
        return f"None of {served} is affected."
    down = of.disconnected
    others = [one for one in of.hit if one.again_ms is not None]
    said = [f"{affected} of {served} {'is' if affected == 1 else 'are'} affected."]
    if down:
        some = ", ".join(down[:3]) + (", ..." if len(down) > 3 else "")
        said.append(f"{len(down)} {'is' if len(down) == 1 else 'are'} disconnected: {some}.")
    else:
        said.append("None is disconnected.")
    return " ".join([*said, *_moved(others)])


def _moved(others: Sequence[CutDemand]) -> Iterator[str]:
    """The added delay of rerouted demands, and whether a switch or the controller reroutes."""
    waiting = [one for one in others if one.at_once_ms is None]
    bridged = [one.at_once_ms - one.before_ms for one in others if one.at_once_ms is not None]
    if bridged:
        most = max(one.longer_ms for one in others)
        yield (
            f"Switches reroute {len(bridged)} at once (RTT up to +{ms(max(bridged))}); the later "
            f"paths of the controller add up to {ms(most)}."
        )
    if waiting:
        wait = "waits" if len(waiting) == 1 else "wait"
        yield f"{len(waiting)} {wait} for the controller to reroute."


def _cells(of: CutDemand, names: Mapping[str, str]) -> tuple[str, ...]:
    return (
        of.demand,
        ms(of.before_ms),
        "dropped" if of.at_once_ms is None else more_ms(of.at_once_ms - of.before_ms),
        "disconnected" if of.again_ms is None else more_ms(of.longer_ms),
        ", ".join(_named(code, names) for code in of.adds),
        of.why,
    )


def _named(code: str, names: Mapping[str, str]) -> str:
    bare = code.removesuffix("?")
    return names.get(bare, bare) + code[len(bare) :]


def _columns(
    rows: Sequence[tuple[str, ...]],
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Without those that say nothing."""
    kept = [at for at in range(len(HEADINGS)) if any(row[at] for row in rows)]
    return tuple(HEADINGS[at] for at in kept), [tuple(row[at] for at in kept) for row in rows]


def other_hubs_said(of: tuple[OtherHub, ...]) -> Iterator[str]:
    """Lines; none where no demand would go elsewhere."""
    if not of:
        return
    yield (
        f"If the cut were known at planning time, another hub would serve "
        f"{counted(len(of), 'demand')}. A running network keeps the hub, because packets carry its "
        "address:"
    )
    for one in of[:MOST_TOLD]:
        yield f"  {one.demand}: {one.chosen} instead of {one.serves} ({one.why})"
    if len(of) > MOST_TOLD:
        yield f"  and {len(of) - MOST_TOLD} more: --json"
