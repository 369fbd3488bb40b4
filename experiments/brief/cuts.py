"""The brief of a cut: which demands it reroutes, delays or disconnects. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.answers.cut_answer import CutAnswer, CutDemand, CutDocument, CutPath
from corridor.experiments.answers.internet_cut import InternetCut
from corridor.experiments.answers.map_document import PathDocument
from corridor.experiments.brief.document import (
    CONSTANTS,
    Bar,
    Brief,
    Cell,
    Chart,
    Look,
    Picture,
    Table,
    law_sources,
)
from corridor.experiments.brief.places import Places
from corridor.experiments.brief.policies import DEMAND, titled
from corridor.experiments.pages.claims import map_sources
from corridor.experiments.text.cut_text import footprint_said, what_is_cut
from corridor.experiments.text.internet_text import HEADINGS as INTERNET
from corridor.experiments.text.internet_text import (
    internet_notes,
    internet_sentence,
    internet_table,
    internet_uncertainty,
)
from corridor.topologies.base.words import counted, is_longer, joined, joined_few, more_ms, ms

COMPUTED = "Computed, not measured"
MEANS: dict[Look, str] = {"permitted": "path after the cut", "free": "path before the cut"}
CERTAINTY = "computed from the map, most of whose fibre lengths are derived; no interval"
UNCERTAIN = (
    "Most fibre lengths are not published, so they are derived. No interval is computed of delays.",
    "How long demands have an outage depends on failure detection: corridor run --cut measures it.",
)
RULES = "Which rules apply, and how certain they are: corridor price of the same scenario."

type Hit = tuple[CutDemand, CutPath]


def cut_brief(of: CutDocument) -> Brief:
    answer, places = of.answer, Places(of.map)
    hits = list(zip(answer.hit, of.paths, strict=True))
    hub_paths = [
        hub_path
        for _, path in hits
        for hub_path in (path.again, path.before)
        if hub_path is not None
    ]
    used = {name for hub_path in hub_paths for name in hub_path.fibres} | set(answer.fibres)
    what = joined(what_is_cut(answer, places.element))
    fibres = f" ({counted(len(answer.fibres), 'fibre')})" if answer.fibres else ""
    is_free = answer.policies == NO_POLICIES
    under = "without policies" if is_free else f"under {titled(answer.policies, of.names)}"
    and_internet = ", and for Internet traffic" if answer.internet is not None else ""
    _, may = places.crossed(hub_paths)
    touch = [f"Shown paths may also touch {joined(may)}; no source documents it."] if may else []
    return Brief(
        title=of.names.scenario or answer.scenario,
        about=f"Cut of {what}, {under}, as of {answer.as_of}. {COMPUTED}. Not legal advice.",
        alarms=[],
        question=(
            f"What does a cut of {what}{fibres} change for the "
            f"{counted(answer.served, 'served demand')} of this scenario, {under}{and_internet}? "
            f"{DEMAND}"
        ),
        answer=list(_answer(answer, hits, places)),
        certainty=CERTAINTY,
        uncertainty=[
            *UNCERTAIN,
            *footprint_said(answer),
            *(internet_uncertainty(answer.internet) if answer.internet else ()),
            *touch,
            *([] if is_free else [RULES]),
        ],
        picture=_picture(answer, hits, places),
        chart=_chart(hits, places),
        table=_table(answer, hits, places),
        helps=list(_helps(answer, hits, places)),
        beliefs=[],
        law=law_sources(dict.fromkeys(law for _, path in hits for law in path.legal)),
        fibres=map_sources(one for one in of.map.fibres if one.id in used),
        constants=CONSTANTS,
        footer=f"Made by corridor from scenario {answer.scenario}.",
        second=None if answer.internet is None else _internet_table(answer.internet, places),
    )


def _longer_ms(of: CutDemand) -> float:
    return 0.0 if of.again_ms is None else of.again_ms - of.before_ms


def _answer(of: CutAnswer, hits: Sequence[Hit], places: Places) -> Iterator[str]:
    down = [path for hit, path in hits if hit.again_ms is None]
    moved = [(hit, path) for hit, path in hits if hit.again_ms is not None]
    affected = len(hits) + len(of.own_end)
    verb = "is" if affected == 1 else "are"
    yield (
        f"{affected or 'None'} of {counted(of.served, 'served demand')} {verb} affected, and "
        f"{len(down) + len(of.own_end) or 'none'} disconnected."
    )
    if of.internet is not None:
        yield internet_sentence(of.internet, _unknown_names(of.internet, places))
    if down:
        yield f"Disconnected: {joined_few((places.between(one.src, one.dst) for one in down), 4)}."
    if moved:
        hit, path = max(moved, key=lambda pair: _longer_ms(pair[0]))
        local = sum(one.at_once_ms is not None for one, _ in moved)
        waiting = len(moved) - local
        yield (
            f"Switches reroute {counted(local, 'demand')} without the controller; "
            f"{waiting or 'none'} must wait for the controller."
        )
        yield (
            f"The largest increase of the round-trip time (RTT) is {ms(_longer_ms(hit))}, to "
            f"{ms(hit.again_ms or 0.0)} (computed): {places.between(path.src, path.dst)}."
        )
    adds = dict.fromkeys(code for hit, _ in hits for code in hit.adds)
    if adds:
        countries = joined(map(places.country, adds))
        yield f"New paths cross or may cross (?) further countries: {countries}."
    if of.own_end:
        yield f"The source or destination itself fails: {joined(of.own_end)}."


def _picture(of: CutAnswer, hits: Sequence[Hit], places: Places) -> Picture | None:
    both: list[tuple[Look, PathDocument | None]] = []
    for _, path in hits:
        both += [("free", path.before), ("permitted", path.again)]
    legs = [(look, hub_path) for look, hub_path in both if hub_path is not None]
    ends = (hub for _, path in hits for hub in (path.src, path.dst))
    return places.picture(legs, (hub_path for _, hub_path in legs), ends, MEANS, of.fibres)


def _chart(hits: Sequence[Hit], places: Places) -> Chart | None:
    bars = [
        Bar(
            label=places.between(path.src, path.dst),
            small=path.demand,
            value=_longer_ms(hit),
            other=None if hit.at_once_ms is None else hit.at_once_ms - hit.before_ms,
            text=more_ms(_longer_ms(hit)),
        )
        for hit, path in hits
        if hit.again_ms is not None and is_longer(_longer_ms(hit))
    ]
    other = "on the detour of the switches" if any(one.other is not None for one in bars) else ""
    title = "RTT that the cut adds to a demand (computed)"
    return Chart(title, "ms", bars, "after recomputation", other=other) if bars else None


def _table(of: CutAnswer, hits: Sequence[Hit], places: Places) -> Table:
    rest = of.served - len(hits) - len(of.own_end)
    return Table(
        "Affected demands",
        (
            "Demand",
            "RTT before",
            "Detour",
            "After recomputation",
            "New countries, or reason",
        ),
        [_row(hit, path, places) for hit, path in hits],
        f"The cut does not affect the other {counted(rest, 'served demand')}." if rest else "",
    )


def _internet_table(of: InternetCut, places: Places) -> Table | None:
    notes = [*internet_notes(of, _unknown_names(of, places))]
    if not of.countries:
        return None
    title, rows = internet_table(of)
    cells = [[Cell(text) for text in row] for row in rows]
    return Table(title, [one.capitalize() for one in INTERNET], cells, f"{'. '.join(notes)}.")


def _unknown_names(of: InternetCut, places: Places) -> Mapping[str, str]:
    """Names of the countries without figures, by code."""
    return {one.country: places.country(one.country) for one in of.unknown}


def _row(hit: CutDemand, path: CutPath, places: Places) -> list[Cell]:
    detour = Cell("dropped", tone="down")
    if hit.at_once_ms is not None:
        detour = Cell(more_ms(hit.at_once_ms - hit.before_ms))
    after = Cell("disconnected", tone="down")
    if hit.again_ms is not None:
        after = Cell(more_ms(_longer_ms(hit)), ms(hit.again_ms))
    return [
        Cell(places.between(path.src, path.dst), path.demand),
        Cell(ms(hit.before_ms)),
        detour,
        after,
        Cell(places.sentence(hit.why) or joined(map(places.country, hit.adds))),
    ]


def _helps(of: CutAnswer, hits: Sequence[Hit], places: Places) -> Iterator[str]:
    for hit, path in hits:
        if hit.again_ms is None:
            where = places.between(path.src, path.dst)
            no_path = "no path is left, so only a further fibre helps"
            why = (
                f"without this rule a path is left: {places.sentence(hit.why)}"
                if hit.why
                else no_path
            )
            yield f"{where}: {why}."
    for one in of.other_hubs:
        yield f"{one.demand}: planned with the cut known, {places.hub(one.chosen)} serves it."
    if any(hit.at_once_ms is None and hit.again_ms is not None for hit, _ in hits):
        yield (
            "Protection of more failures (scenario key `protect`) lets switches reroute more "
            "demands locally."
        )
    yield "A further fibre could shorten the new paths; none was computed."
