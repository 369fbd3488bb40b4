"""Layers of GeoJSON: what RFC 7946 requires, and the values of the answers they contain."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

import corridor
from corridor.experiments.account.run_files import read_plan_head
from corridor.experiments.account.summary import EventSummary, HitSummary
from corridor.experiments.atlas.map_layers import layers, lines
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.codec import to_plain


@pytest.fixture(scope="module")
def answers():
    return corridor.answers("mini", policies="pan-asia")


@pytest.fixture(scope="module")
def capacity():
    return corridor.capacity("mini", rates="2Tbit")


def read(exported):
    return {
        name.removesuffix(".geojson"): json.loads(text) for name, text in exported.files.items()
    }


def rows(layer):
    return {one["id"]: one["properties"] | {"at": one["geometry"]} for one in layer["features"]}


def positions(coordinates):
    if isinstance(coordinates[0], (int, float)):
        return [coordinates]
    return [place for part in coordinates for place in positions(part)]


def test_every_layer_is_a_feature_collection_of_rfc_7946(answers, capacity):
    found = read(layers(answers, capacity))
    assert sorted(found) == ["cuts", "fibres", "hubs", "loads", "paths"]
    for layer in found.values():
        assert layer["type"] == "FeatureCollection"
        assert not {"crs", "coordinates", "geometry", "properties"} & set(layer)
        ids = [one["id"] for one in layer["features"]]
        assert len(set(ids)) == len(ids) > 0
        keys = {tuple(one["properties"]) for one in layer["features"]}
        assert len(keys) == 1, "all features of a layer have the same properties"
        for one in layer["features"]:
            assert set(one) == {"type", "id", "geometry", "properties"}
            for part in (one["geometry"] or {}).get("geometries", [one["geometry"]]):
                for lon, lat in positions(part["coordinates"]) if part else []:
                    assert -180 <= lon <= 180
                    assert -90 <= lat <= 90


def test_the_same_answers_are_the_same_octets(answers, capacity):
    assert layers(answers, capacity) == layers(
        corridor.answers("mini", policies="pan-asia"), capacity
    )


def test_longitude_comes_first_and_lines_follow_the_points_of_a_fibre(answers):
    found = read(layers(answers, None))
    assert rows(found["hubs"])["guian"]["at"]["coordinates"] == [106.5, 26.43]
    for fibre in answers.map.fibres:
        row = rows(found["fibres"])[fibre.id]
        assert row["at"]["coordinates"] == [[lon, lat] for lat, lon in fibre.points]
        assert (row["length_km"], row["one_way_delay_ms"]) == (fibre.length_km, fibre.one_way_ms)
        assert row["sources"] == "; ".join(fibre.sources)


def test_a_path_is_one_line_from_source_to_destination(answers):
    found = rows(read(layers(answers, None))["paths"])
    places = {one.id: [one.lon, one.lat] for one in answers.map.hubs}
    row = found["ckpt-karachi/policies"]
    line = row["at"]["coordinates"]
    assert row["hubs"] == "guian; kunming; karachi"
    assert (line[0], line[-1]) == (places["guian"], places["karachi"])
    assert line.count(places["kunming"]) == 1


def test_a_blocked_demand_is_a_feature_without_a_place(answers):
    blocked = replace(answers.demands[0], lawful=None, why="no permit matches", kept_back=True)
    found = rows(read(layers(replace(answers, demands=(blocked,)), None))["paths"])
    row = found[f"{blocked.id}/policies"]
    assert row["at"] is None
    assert (row["outcome"], row["blocked_because"]) == ("blocked", "no permit matches")
    assert row["one_way_delay_ms"] is None


def test_a_path_between_two_hubs_at_one_place_is_a_point(answers):
    demand = next(one for one in answers.demands if one.id == "ckpt-karachi")
    first = answers.map.hubs[0]
    at_one = replace(
        answers.map,
        fibres=tuple(
            replace(one, points=((first.lat, first.lon),) * 2) for one in answers.map.fibres
        ),
    )
    found = rows(read(layers(replace(answers, map=at_one, demands=(demand,)), None))["paths"])
    at = found["ckpt-karachi/policies"]["at"]
    assert at == {"type": "Point", "coordinates": [first.lon, first.lat]}


def test_a_line_over_longitude_180_is_cut_there():
    tokyo, la = (35.7, 139.7), (34.1, -118.2)
    there, back = lines([[tokyo, (40.0, 170.0), la]]), lines([[la, (40.0, 170.0), tokyo]])
    assert there["type"] == "MultiLineString"
    west, east = there["coordinates"]
    assert west[:2] == [(139.7, 35.7), (170.0, 40.0)]
    assert (west[-1][0], east[0][0]) == (180.0, -180.0)
    assert west[-1][1] == east[0][1] == pytest.approx(40.0 - 5.9 * 10 / 71.8)
    assert east[1:] == [(-118.2, 34.1)]
    assert back["coordinates"] == [east[::-1], west[::-1]]


def test_a_cut_names_its_demands_and_what_it_adds(answers):
    found = rows(read(layers(answers, None))["cuts"])
    row = found["link:guian-kunming"]
    assert row["at"] == rows(read(layers(answers, None))["fibres"])["guian-kunming"]["at"]
    hit = [
        one.id for one in answers.demands if ("link:guian-kunming",) in [c.dead for c in one.cuts]
    ]
    assert row["demands"] == "; ".join(hit)
    lawful = {one.id: one for one in answers.demands}
    added = [
        cut.again.one_way_ms - lawful[one].lawful.one_way_ms
        for one in hit
        for cut in lawful[one].cuts
        if cut.dead == ("link:guian-kunming",) and cut.again
    ]
    assert row["most_added_one_way_ms"] == pytest.approx(max(added))


def test_a_load_is_of_one_direction(answers, capacity):
    found = rows(read(layers(answers, capacity))["loads"])
    first = capacity.links[0]
    row = found[f"{first.fibre}/{first.hub}"]
    assert (row["load_gbps"], row["worst_load_share"]) == (first.usual_gbps, first.share)
    place = next([one.lon, one.lat] for one in answers.map.hubs if one.id == first.hub)
    assert row["at"]["coordinates"][0] == place


PARTITION = """
schema: 1
name: cut-off
topology: mini
demands: [{id: one, class: render, src: guian, dst: bangkok}]
timeline: [{id: alone, at: 500ms, until: 900ms, partition: TH}]
"""


def test_an_event_on_a_jurisdiction_is_at_the_fibres_that_the_plan_states(answers, tmp_path):
    (tmp_path / "cut-off.yaml").write_text(PARTITION)
    plan = make_plan(
        load_scenario(str(tmp_path / "cut-off.yaml")), clock="virtual", run_id="c0", seed=1
    )
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/plan.json").write_text(json.dumps(to_plain(plan)))
    fibres = read_plan_head(tmp_path).fibres_of_events
    event = EventSummary(
        id="alone",
        kind="partition",
        what="TH",
        options={},
        at_ms=500.0,
        until_ms=900.0,
        back_ms=None,
        refused=None,
        hits=(),
    )
    found = read(layers(answers, None, (event,), fibres))
    (row,) = rows(found["events"]).values()
    borders = [one.id for one in answers.map.fibres if "bangkok" in (one.a, one.z)]
    lines_of = [rows(found["fibres"])[one]["at"]["coordinates"] for one in borders]
    at = row["at"]
    assert (at["coordinates"] if len(lines_of) > 1 else [at["coordinates"]]) == lines_of


def test_an_event_of_a_run_has_its_place_and_its_longest_outage(answers):
    hit = HitSummary(
        demand="ckpt-karachi",
        expected=True,
        lost=7,
        out_ms=70.0,
        expected_out_ms=65.5,
        expected_out_within_ms=None,
        share=1.0,
        over_ms=80.0,
        rtt_before_ms=94.1,
        expected_rtt_before_ms=94.1,
        rtt_then_ms=None,
        expected_rtt_then_ms=None,
        path_then=(),
        expected_path_then=(),
    )
    event = EventSummary(
        id="e1",
        kind="cut",
        what="guian-kunming",
        options={},
        at_ms=500.0,
        until_ms=None,
        back_ms=None,
        refused=None,
        hits=(hit, replace(hit, demand="infer-bangkok", out_ms=40.0, expected_out_ms=None)),
    )
    found = read(layers(answers, None, (event,)))
    (row,) = rows(found["events"]).values()
    assert row["at"] == rows(found["fibres"])["guian-kunming"]["at"]
    assert (row["longest_outage_ms"], row["longest_expected_outage_ms"]) == (70.0, 65.5)
    assert (row["demands"], row["lost_probes"]) == ("ckpt-karachi; infer-bangkok", 14)
