"""Workloads that ship: each has its sources, can be planned, and keeps to what it claims."""

from itertools import pairwise
from math import sqrt
from statistics import NormalDist, fmean, pstdev

import pytest

from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.scenario import DEFAULT, load_scenario
from corridor.experiments.scenario.shipped_workloads import entry_of, shipped_workloads
from corridor.topologies.base.errors import InputError
from kinds_lab import DOCS, HEAD, fits_the_schema, loaded

SHIPPED = shipped_workloads()
every_one = pytest.mark.parametrize("one", SHIPPED.workloads.values(), ids=list(SHIPPED.workloads))
DEMANDS = """demands:
  - {id: one, class: any, src: shanghai, dst: guian}
"""
CLASSES = """demands:
  - {id: a, class: ai_bulk, src: shanghai, dst: guian}
  - {id: b, class: infer, src: guian, dst: bangkok}
  - {id: c, class: infer, src: karachi, dst: guian}
  - {id: d, class: nobodys, src: karachi, dst: shanghai}
"""
HOUR_S, Z = 3600, NormalDist().inv_cdf(0.9995)


def planned(folder, text, demands=DEMANDS, seed=1):
    return make_plan(loaded(folder, text, demands), clock="virtual", run_id="c0", seed=seed)


@every_one
def test_every_figure_has_a_source_or_says_that_nobody_was_read(one):
    assert len({*SHIPPED.by_class}) == sum(len(each.classes) for each in SHIPPED.workloads.values())
    for figure in one.figures:
        if figure.source:
            assert figure.source in SHIPPED.sources
        else:
            assert figure.confidence == "unsure", figure.value
        if figure.assumed:
            assert figure.confidence == "unsure"
        assert not figure.assumed or not figure.source
    known = {key for figure in one.figures for key in figure.of.split(", ")}
    told = {"kind", "scale", "background", "rounds", "apart"}
    for key, value in one.workload.items():
        decided = {key, *(value if isinstance(value, dict) else ())}
        of_sizes = {name for inner in decided for name in (inner, *_inside(value))}
        assert of_sizes & known or key in told or key == "arrival", key


def _inside(value):
    """Names of the parameters of a kind of sizes."""
    kinds = value.values() if isinstance(value, dict) else ()
    return [name for one in kinds if isinstance(one, dict) for name in one]


def test_no_source_is_without_a_use():
    used = {figure.source for one in SHIPPED.workloads.values() for figure in one.figures}
    assert SHIPPED.sources.keys() == used - {""}


@every_one
def test_every_one_is_planned_on_a_demand_of_any_class(one, tmp_path):
    compress = ", compress: 10000" if one.compresses else ""
    text = f"workloads:\n  - {{id: load, shipped: {one.id}, class: any{compress}}}\n"
    (workload,) = planned(tmp_path, text).workloads
    assert (workload.kind, workload.shipped) == (one.kind, one.id)
    assert entry_of(one).kind == one.kind
    fits_the_schema(text)


def test_classes_that_the_shipped_scenarios_have_have_workloads():
    for name in ("mini", "pan-asia", "sovereignty"):
        classes = {demand.data_class for demand in load_scenario(name).scenario.demands}
        assert classes <= SHIPPED.by_class.keys()


def test_each_demand_of_the_default_run_sends_the_workload_of_its_class():
    of = load_scenario(DEFAULT).scenario
    sent = {one.data_class: one.shipped for one in of.workloads}
    assert sent == {name: SHIPPED.by_class[name].id for name in sent}
    assert sent.keys() == {demand.data_class for demand in of.demands}
    assert of.background is not None


def test_by_class_gives_each_demand_the_workload_of_its_class(tmp_path):
    plan = planned(tmp_path, "workloads: by-class\n", CLASSES)
    assert {one.id: (one.shipped, one.demands) for one in plan.workloads} == {
        "ai-bulk": ("corpus", (0,)),
        "infer": ("infer-chat", (1, 2)),
    }
    fits_the_schema("workloads: by-class\n")


def test_by_class_takes_keys_for_all_and_leaves_out_what_others_name_and_what_cannot_be(tmp_path):
    text = """workloads:
  - {id: all, shipped: by-class, compress: 3600, customers: 2}
  - {id: own, kind: bulk, class: ai_bulk, size: 1GB}
"""
    plan = planned(tmp_path, text, CLASSES)
    assert [(one.id, one.compress, one.customers[0]) for one in plan.workloads] == [
        ("all-infer", 1, 1),
        ("own", 1, 1),
    ]


def test_keys_beside_a_shipped_one_are_instead_of_its_own(tmp_path):
    text = """workloads:
  - {id: own, shipped: ckpt, class: any, period: 1h, jitter: null, compress: 3600, stop: 2s}
"""
    plan = planned(tmp_path, text)
    assert [row.at_ns - plan.start_ns for row in plan.messages.rows() if row.connection == 0] == [
        0,
        10**9,
    ]


@pytest.mark.parametrize(
    ("text", "says", "line"),
    [
        ("workloads: by-clas\n", "are not known", 1),
        (
            "workloads:\n  - {id: x, shipped: infer-chta, class: any}\n",
            '"infer-chta" ships',
            2,
        ),
        ("workloads:\n  - {id: x, shipped: by-class}\n", "no class of its demands", 2),
        ("workloads:\n  - {id: x, shipped: ckpt, class: any,\n     period: 5}\n", "has no unit", 3),
    ],
)
def test_what_does_not_ship_is_told_where_it_is_named(tmp_path, text, says, line):
    with pytest.raises(InputError) as caught:
        planned(tmp_path, text)
    assert says in str(caught.value)
    assert caught.value.line == HEAD.count("\n") + line


def test_the_page_says_how_they_are_taken_up():
    page = (DOCS / "workloads.md").read_text()
    assert "shipped: by-class" in page.replace("\n", " ") or "by-class" in page


def hour_of(name, folder, seed=1):
    text = f"""probe: {{interval: 1h, count: 1}}
workloads:
  - {{id: load, shipped: {name}, class: any, stop: 1h}}
"""
    plan = planned(folder, text, seed=seed)
    rows = list(plan.messages.rows())
    up, down = ([row.bytes for row in rows if row.back == back] for back in (False, True))
    return [row.at_ns - plan.start_ns for row in rows if not row.back], up, down


TRACES = {
    # requests a second, variation of gaps, mean tokens up and down: of the traces themselves
    "infer-chat": (5.530, 1.094, 1154.7, 211.1),
    "infer-code": (2.566, 13.15, 2047.8, 27.88),
}


@pytest.mark.parametrize("name", TRACES)
def test_an_hour_has_the_rate_the_variation_and_the_sizes_of_its_trace(name, tmp_path):
    """Each within the interval that 99.9 % of hours of such a process are in; sizes besides within
    what quantiles, straight in between, are off the mean of the trace."""
    rate, cv, tokens_up, tokens_down = TRACES[name]
    times, up, down = hour_of(name, tmp_path)
    expected = rate * HOUR_S
    assert abs(len(times) - expected) < Z * cv * sqrt(expected)
    gaps = [later - sooner for sooner, later in pairwise(times)]
    kurtosis = 3 + 6 * cv**2
    spread = cv * sqrt((kurtosis - 1) / 4 + cv**2) / sqrt(len(gaps))
    assert abs(pstdev(gaps) / fmean(gaps) - cv) < Z * spread
    for found, mean, octets, headers in ((up, tokens_up, 4, 1000), (down, tokens_down, 200, 0)):
        tokens = [(size - headers) / octets for size in found]
        assert abs(fmean(tokens) - mean) < 0.045 * mean + Z * pstdev(tokens) / sqrt(len(tokens))


def test_half_of_an_hours_chats_have_as_many_tokens_as_half_of_the_traces(tmp_path):
    _, up, down = hour_of("infer-chat", tmp_path)
    for found, quantiles in (
        ([(size - 1000) / 4 for size in up], {0.1: 207, 0.5: 1020, 0.9: 2735, 0.99: 4142}),
        ([size / 200 for size in down], {0.1: 54, 0.5: 129, 0.9: 424, 0.99: 601}),
    ):
        ordered, count = sorted(found), len(found)
        for share, tokens in quantiles.items():
            reach = Z * sqrt(count * share * (1 - share))
            low, high = (ordered[round(share * count + sign * reach)] for sign in (-1, 1))
            assert low <= tokens <= high
