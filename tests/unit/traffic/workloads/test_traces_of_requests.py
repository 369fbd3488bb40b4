"""Traces of requests, in the forms in which others publish them, and sizes from files."""

import pytest

from corridor.experiments.plan.plan import make_plan
from corridor.topologies.base.errors import InputError
from corridor.traffic.workloads.trace import read_column, read_trace
from kinds_lab import loaded

AZURE = """TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 23:59:59.9999999,374,44
2023-11-17 00:00:00.2500000,396,109
2023-11-17 00:00:01.0000000,879,55
"""
BURSTGPT = """Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Log Type
5,1,2.5,ChatGPT,472,18,Conversation log
45,2,1,ChatGPT,1087,230,Conversation log
118,,0,GPT-4,417,0,API log
120.5,,3,GPT-4,10,276,API log
"""
OWN = "at_s,up_bytes,down_bytes\n1.5,100,2000\n1,50,10\n"
DEMANDS = """demands:
  - {id: one, class: infer, src: shanghai, dst: karachi}
  - {id: two, class: infer, src: guian, dst: bangkok}
"""


def test_a_trace_of_azures_form_is_read_to_the_100_ns_across_midnight():
    rows = read_trace(AZURE, "azure.csv")
    assert [row.at_ns for row in rows] == [0, 250_000_100, 1_000_000_100]
    assert [(row.up, row.down) for row in rows] == [(374, 44), (396, 109), (879, 55)]
    assert all(row.counts_tokens for row in rows)


def test_a_trace_of_burstgpts_form_leaves_out_requests_that_failed():
    rows = read_trace(BURSTGPT, "burst.csv")
    assert [(row.at_ns, row.up, row.down) for row in rows] == [
        (0, 472, 18),
        (40 * 10**9, 1087, 230),
        (115_500_000_000, 10, 276),
    ]


def test_a_trace_of_ones_own_counts_octets_and_may_stand_in_any_order():
    rows = read_trace(OWN, "own.csv")
    assert [tuple(row) for row in rows] == [(0, 50, 10, False), (500_000_000, 100, 2000, False)]


@pytest.mark.parametrize(
    ("text", "says", "line"),
    [
        ("a,b\n1,2\n", "is not a trace", 1),
        ("", "is not a trace", 1),
        (AZURE + "yesterday,1,2\n", "cannot be read", 5),
        (AZURE + "2023-11-17 00:00:02.0,many,2\n", "cannot be read", 5),
        (AZURE + "2023-11-17 00:00:02.0,1\n", "cannot be read", 5),
        (OWN + "nan,1,2\n", "cannot be read", 4),
        (OWN + "inf,1,2\n", "cannot be read", 4),
        (OWN + "3,-1,2\n", "less than nothing", 4),
        ("at_s,up_bytes,down_bytes\n", "holds no request", None),
    ],
)
def test_what_is_no_trace_is_told_with_its_line(text, says, line):
    with pytest.raises(InputError, match=says) as caught:
        read_trace(text, "x.csv")
    assert caught.value.line == line
    assert caught.value.file == "x.csv"


def planned(folder, keys, count=300):
    text = f"probe: {{count: {count}}}\nworkloads:\n  - {{id: chat, kind: requests, {keys}}}\n"
    return make_plan(loaded(folder, text, DEMANDS), clock="virtual", run_id="c0", seed=1)


def test_a_workload_sends_what_its_trace_says_when_it_says_so(tmp_path):
    (tmp_path / "azure.csv").write_text(AZURE)
    keys = "demands: [one], trace: azure.csv, token: 3B, headers: 1kB, piece: 200B"
    rows = list(planned(tmp_path, keys).messages.rows())
    asked = [row for row in rows if not row.back]
    assert [row.at_ns - asked[0].at_ns for row in asked] == [0, 250_000_100, 1_000_000_100]
    assert [row.bytes for row in asked] == [3 * n + 1000 for n in (374, 396, 879)]
    assert [row.bytes for row in rows if row.back] == [200 * n for n in (44, 109, 55)]


def test_a_trace_is_dealt_to_demands_by_turns_and_ends_with_the_run(tmp_path):
    (tmp_path / "azure.csv").write_text(AZURE)
    keys = "class: infer, trace: azure.csv"
    dealt = [row.demand for row in planned(tmp_path, keys).messages.rows() if not row.back]
    assert sorted(dealt) == [0, 0, 1]
    short = planned(tmp_path, keys, count=10)
    assert sum(not row.back for row in short.messages.rows()) == 1


def test_sizes_are_drawn_from_a_column_of_a_file(tmp_path):
    (tmp_path / "sizes.csv").write_text("name,bytes\na,1000\nb,70000\n")
    keys = (
        "demands: [one], interval: 10ms, up: {sample: {file: sizes.csv, column: bytes}}, down: 1B"
    )
    sizes = {row.bytes for row in planned(tmp_path, keys).messages.rows() if not row.back}
    assert sizes == {1000, 70_000}


@pytest.mark.parametrize(
    ("text", "says"),
    [("name\na\n", 'no column "bytes"'), ("bytes\nx\n", "not a number"), ("bytes\n", "no size")],
)
def test_a_file_that_has_no_sizes_is_told(text, says):
    with pytest.raises(InputError, match=says):
        read_column(text, "bytes", "x.csv")
