"""Constants of layers: the shipped ones are the fitted ones, and a table is judged and fitted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from corridor.topologies.analysis.fit import (
    FittedLayer,
    LeftOut,
    _Fit,
    components,
    coverage_interval,
    fit_layer,
    huber,
    interval_size,
)
from corridor.topologies.analysis.measurements import (
    CALIBRATE,
    VALIDATE,
    Measurement,
    read_measurements,
)
from corridor.topologies.analysis.predict import NEAR_KM, near_measurements, place_of, predict
from corridor.topologies.analysis.validation import Report, validate_table, wilson
from corridor.topologies.base.errors import InputError
from corridor.topologies.model.delay import FIBRE_NS_PER_KM
from corridor.topologies.model.delay_model import (
    SHIPPED,
    DelayModel,
    LayerName,
    load_delay_model,
    shipped_model,
    to_text,
)
from corridor.topologies.model.topology import great_circle_km

CLOUD_ROWS = tuple(row for row in read_measurements(CALIBRATE).rows if row.layer == "cloud")


@pytest.fixture(scope="module")
def fitted() -> FittedLayer:
    return fit_layer(shipped_model().layer("cloud"), CLOUD_ROWS)


@pytest.fixture(scope="module")
def judged() -> Report:
    return validate_table(read_measurements(VALIDATE), shipped_model())


def test_the_shipped_cloud_constants_are_the_fitted_ones(fitted: FittedLayer) -> None:
    assert fitted.layer.model_copy(update={"regions": ()}) == shipped_model().layer(
        "cloud"
    ).model_copy(update={"regions": ()})
    assert fitted.layer.regions == shipped_model().layer("cloud").regions


def test_cities_and_sources_left_out_are_predicted_within_twenty_per_cent(
    fitted: FittedLayer,
) -> None:
    sizes = [abs(one.error) for one in fitted.fitted[0].left_out]
    assert len(sizes) == len(CLOUD_ROWS)
    assert np.median(sizes) < 0.08
    assert np.quantile(sizes, 0.9) < 0.20


def test_intervals_cover_what_they_state_of_rows_left_out(fitted: FittedLayer) -> None:
    """90 per cent lies within the 95 per cent interval of what is covered, on every map."""
    assert [one.over for one in fitted.fitted] == ["cloud-backbone", "pan-asia", "great-circle"]
    for one in fitted.fitted:
        low, high = coverage_interval(one.left_out, one.covered)
        assert low <= 0.9 <= high
        assert np.mean(one.covered) > 0.87


def test_rows_left_out_share_no_city_and_no_operator_with_the_fit() -> None:
    """Rows that share one are made wild, and change nothing."""
    layer = shipped_model().layer("cloud")
    (row,) = (one for one in CLOUD_ROWS if one.id == "L204")
    wild = [
        replace(one, rtt_ms=one.rtt_ms * 9)
        if one is not row and (one.by == row.by or {one.a, one.z} & {row.a, row.z})
        else one
        for one in CLOUD_ROWS
    ]
    before, after = (
        next(
            one.error for one in _Fit(layer, 0, rows, sloped=True).left_out if one.row.id == row.id
        )
        for rows in (CLOUD_ROWS, wild)
    )
    assert before == after


def test_a_slope_is_fitted_where_rows_left_out_are_then_better_predicted(
    fitted: FittedLayer,
) -> None:
    assert [one.constants for one in fitted.fitted] == [2, 1, 2]
    assert [one.region.slope for one in fitted.fitted] == [1.0, 1.0, 1.678]


def test_percentiles_outlast_medians_over_egypt_only() -> None:
    """Of pairs that both operators report: Azure's P95 over the median of AWS."""
    by_pair: dict[frozenset[str], dict[bool, Measurement]] = {}
    for row in CLOUD_ROWS:
        by_pair.setdefault(frozenset((row.a, row.z)), {})[row.tail] = row
    ratios: dict[bool, list[float]] = {True: [], False: []}
    for pair in by_pair.values():
        if len(pair) == 2:
            hubs = predict(pair[True].a, pair[True].z).hubs
            ratios["alexandria" in hubs].append(pair[True].rtt_ms / pair[False].rtt_ms)
    assert len(ratios[False]) == 8
    assert np.median(ratios[False]) == pytest.approx(1.01, abs=0.02)
    assert np.median(ratios[True]) > 1.1


def test_an_interval_reaches_as_far_as_one_more_city_may_need() -> None:
    """Nine cities of one row each: the largest error; eight are too few for 90 per cent."""
    rows = [LeftOut(_row(f"a{n}", f"a{n}", "cloud", 1.0), 0.01 * n) for n in range(1, 10)]
    assert interval_size(rows) == pytest.approx(np.log(1.09))
    assert interval_size(rows[1:]) == float("inf")


def test_a_share_of_independent_trials_has_wilsons_interval() -> None:
    """25 of 28, by hand: centre 0.8447, half width 0.1163."""
    assert wilson(25, 28) == pytest.approx((0.7282, 0.9629), abs=2e-4)
    assert wilson(0, 2) == pytest.approx((0, 0.6576), abs=2e-4)


def test_tables_that_no_fit_has_seen_are_met_and_beat_great_circles(judged: Report) -> None:
    """A bar that is not reached: the aim was 10 % in the median, p90 20 %.

    One slope of 1 instead of two that are fitted takes 0.5 points here, and gives 0.7 where rows
    are left out.
    """
    (cloud,) = (one for one in judged.by_layer if one.of == "cloud")
    assert cloud.rows == 28
    assert cloud.median < 0.13
    assert cloud.p90 < 0.22
    assert cloud.mean < min(cloud.twice_mean, cloud.fitted_mean)
    assert 0.85 <= cloud.covered <= 0.95


def test_the_tail_over_egypt_is_that_of_95th_percentiles_only() -> None:
    median, tail = predict("dubai", "marseille"), predict("dubai", "marseille", tail=True)
    assert tail.rtt_ms - median.rtt_ms == pytest.approx(14.416)
    east, east_tail = predict("hongkong", "tokyo"), predict("hongkong", "tokyo", tail=True)
    assert east.rtt_ms == east_tail.rtt_ms


def test_a_fit_finds_constants_that_made_the_measurements() -> None:
    true = shipped_model().layer("cloud")
    region = true.regions[0].model_copy(update={"ends_ms": 9.0, "slope": 1.2})
    made = true.model_copy(update={"regions": (region,)})
    model = shipped_model().with_layer(made)
    rows = [
        row.__class__(
            row.id,
            row.a,
            row.z,
            "cloud",
            predict(row.a, row.z, model=model, tail=row.tail).rtt_ms,
            row.tail,
            row.by,
            row.line,
        )
        for row in CLOUD_ROWS
    ]
    found = fit_layer(shipped_model().layer("cloud"), rows).layer.regions[0]
    assert (found.ends_ms, found.slope) == pytest.approx((9.0, 1.2), rel=0.01)


def test_too_few_rows_leave_a_layer_as_it_is() -> None:
    layer = shipped_model().layer("ip")
    found = fit_layer(layer, [_row("hongkong", "beijing", "ip", 47.0)])
    assert found.layer == layer
    assert found.kept == ("ip (CN, HK, MO): 1 row, 8 are needed",)


def test_one_wild_row_moves_a_robust_fit_little() -> None:
    design = np.column_stack([np.ones(20), np.arange(20.0)])
    target = design @ [1.0, 2.0]
    target[7] *= 3
    assert huber(design, target) == pytest.approx([1.0, 2.0], abs=0.05)


def test_errors_of_single_fibres_are_told_from_those_of_rows() -> None:
    split = components(shipped_model().layer("cloud"), CLOUD_ROWS)
    assert 0.1 < split.own < 0.3
    assert split.rest < split.own


def test_a_written_model_is_read_back_the_same(tmp_path: Path) -> None:
    file = tmp_path / "model.yaml"
    file.write_text(to_text(shipped_model()))
    assert load_delay_model(file) == shipped_model()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("ends: 5.631ms", "ends: 5.631", "has no unit"),
        ("slope: 1.257", "slope: 0", "more than 0"),
        ("slope: 1.257", "land: 1.257", 'has no "slope"'),
        ("interval: [0.76, 1.316]", "interval: [1.1, 1.316]", "holds 1"),
        ("interval: [0.76, 1.316]", "interval: 1.2", "two factors"),
        ("- layer: cloud", "- layer: clouds", "not known"),
        ("- layer: public", "- layer: cloud", 'layer "cloud" is given 2 times'),
        ("within: [CN, HK, MO]", "within: [China]", "not a jurisdiction code"),
        ("own: 0.15", "own: 1.5", "at most 1"),
    ],
)
def test_a_wrong_model_is_refused_with_its_file(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = SHIPPED.read_text()
    assert old in text
    file = tmp_path / "model.yaml"
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        load_delay_model(file)
    assert said in str(caught.value)
    assert "model.yaml" in str(caught.value)


def test_a_layer_that_leaves_out_an_unknown_fibre_is_refused() -> None:
    layer = shipped_model().layer("cloud").model_copy(update={"without": ("alexandria-jerusalm",)})
    with pytest.raises(InputError, match='did you mean "alexandria-jerusalem"'):
        predict("hongkong", "dubai", model=shipped_model().with_layer(layer))


def test_israel_is_reached_by_europe() -> None:
    assert "marseille" in predict("dubai", "jerusalem").hubs


def test_a_place_off_the_map_goes_straight_with_a_wider_interval() -> None:
    off, on = predict((-33.87, 151.21), "singapore"), predict("hongkong", "singapore")
    assert off.straight
    assert not on.straight
    assert off.high_ms / off.low_ms > on.high_ms / on.low_ms


def test_an_answer_below_light_in_fibre_is_refused() -> None:
    layer = shipped_model().layer("ip")
    regions = [one.model_copy(update={"ends_ms": 0.0, "slope": 0.3}) for one in layer.regions]
    model = shipped_model().with_layer(layer.model_copy(update={"regions": tuple(regions)}))
    with pytest.raises(InputError, match="light in fibre takes"):
        predict("kunming", "karachi", "ip", model=model)


def test_no_interval_begins_below_light_in_fibre() -> None:
    found = predict((0.0, 0.0), (0.0, 170.0))
    light_ms = 2 * FIBRE_NS_PER_KM * great_circle_km((0.0, 0.0), (0.0, 170.0)) / 1e6
    assert found.low_ms == pytest.approx(light_ms)
    assert found.rtt_ms * shipped_model().layer("cloud").regions[-1].interval[0] < light_ms


def test_rows_off_the_map_of_their_layer_are_left_out_and_told(tmp_path: Path) -> None:
    table = _table(tmp_path, "a,b,layer,value_ms\nlahore,newdelhi,ip,15\nhongkong,dubai,ip,130\n")
    found = validate_table(read_measurements(table), shipped_model())
    assert len(found.judged) == 1
    assert [why.split(":")[0] for why in found.left_out] == ["line 2"]


def test_a_measurement_is_near_when_both_of_its_ends_are() -> None:
    assert "L204" in near_measurements(place_of("singapore"), place_of("dubai"), "cloud")
    assert "L204" in near_measurements(place_of("abudhabi"), place_of("singapore"), "cloud")
    assert near_measurements(place_of("kunming"), place_of("karachi"), "cloud") == ()
    assert NEAR_KM == 500


def _row(a: str, z: str, layer: LayerName, rtt_ms: float) -> Measurement:
    return Measurement("X", a, z, layer, rtt_ms, tail=False, by=layer, line=2)


def _table(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "measured.csv"
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("hongkong,dubai,cloud,abc", 'value_ms "abc" is not a number'),
        ("hongkong,dubai,cloud,-3", "value_ms is -3"),
        ("hongkong,dubai,cloud,nan", "value_ms is nan"),
        ("hongkong,dubai,cloud,", 'value_ms "" is not a number'),
        ("hongkong,dubai,cloud,10", "faster than light"),
        ("hongkong,hongkong,cloud,10", "name two hubs"),
        ("hongkong,dubai,cloud,120,9,9", "more cells"),
    ],
)
def test_a_wrong_row_is_refused_with_its_line(tmp_path: Path, row: str, said: str) -> None:
    file = _table(tmp_path, f"a,b,layer,value_ms\nhongkong,tokyo,cloud,52\n{row}\n")
    with pytest.raises(InputError) as caught:
        read_measurements(file)
    assert said in str(caught.value)
    assert "measured.csv:3" in str(caught.value)


def test_a_table_without_a_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match='has no column "value_ms"'):
        read_measurements(_table(tmp_path, "a,b,layer,ms\nhongkong,tokyo,cloud,52\n"))


def test_rows_that_say_nothing_of_the_model_are_left_out_and_told(tmp_path: Path) -> None:
    text = "a,b,layer,value_ms,kind,metric\n"
    text += "hongkon,tokyo,cloud,52,,\nhongkong,tokyo,app,52,,\nhongkong,tokyo,cloud,52,target,\n"
    text += "hongkong,tokyo,cloud,26,,one-way\n"
    table = read_measurements(_table(tmp_path, text))
    assert [row.rtt_ms for row in table.rows] == [52.0]
    assert [why.split(":")[0] for why in table.left_out] == ["line 2", "line 3", "line 4"]
    assert 'did you mean "hongkong"' in table.left_out[0]


def test_a_model_of_ones_own_changes_answers() -> None:
    def ends(ms: float) -> DelayModel:
        layer = shipped_model().layer("cloud")
        region = layer.regions[0].model_copy(update={"ends_ms": ms})
        return shipped_model().with_layer(layer.model_copy(update={"regions": (region,)}))

    near, far = (predict("hongkong", "tokyo", model=ends(ms)).rtt_ms for ms in (5.0, 25.0))
    assert far - near == pytest.approx(20.0)


def test_a_constant_that_too_few_rows_speak_of_stays(fitted: FittedLayer) -> None:
    near = [row for row in CLOUD_ROWS if row.rtt_ms < 100]
    layer = shipped_model().layer("cloud")
    passing = [one for one in layer.crossings if one.tail_ms is not None]
    assert passing
    found = {one.id: one.tail_ms for one in fit_layer(layer, near).layer.crossings}
    assert {one.id: one.tail_ms for one in passing}.items() <= found.items()
    assert fitted.layer.crossings == layer.crossings
