"""No table is wider than its terminal, whatever is in it, and nothing goes unsaid."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from corridor.experiments.terminal.columns import cells_of, render

WORD = st.text(alphabet="abcdef >-.0123456789南ไทย", max_size=40).map(str.strip)
HEADINGS = st.lists(
    st.text(alphabet="abcdefghij ", min_size=1, max_size=24).map(str.strip).filter(bool),
    min_size=1,
    max_size=14,
    unique=True,
)


@st.composite
def tables(draw):
    headings = draw(HEADINGS)
    rows = draw(st.lists(st.tuples(*[WORD] * len(headings)), max_size=6))
    some = st.lists(st.sampled_from(headings), unique=True)
    wrap = draw(st.sampled_from(["", *headings]))
    return headings, rows, frozenset(draw(some)), draw(some), wrap


@settings(max_examples=300, deadline=None)
@given(tables(), st.sampled_from([80, 100, 120, 200]))
@example((["a", "b"], [("x" * 300, "y" * 300)], frozenset({"a", "b"}), [], ""), 80)
def test_no_line_is_wider_than_the_terminal(table, width):
    headings, rows, right, spare, wrap = table
    told = render(headings, rows, right, width=width, spare=spare, wrap=wrap)
    assert max(map(cells_of, told.splitlines())) <= width, told


@settings(max_examples=200, deadline=None)
@given(tables(), st.sampled_from([80, 120]))
def test_a_table_that_fits_is_as_it_is_and_what_is_left_out_is_said(table, width):
    headings, rows, right, spare, wrap = table
    whole = render(headings, rows, right)
    told = render(headings, rows, right, width=width, spare=spare, wrap=wrap)
    if max(map(cells_of, whole.splitlines())) <= width - len(headings):
        assert told == whole
    elif "left out (" not in told:
        filled = [one for at, one in enumerate(headings) if any(row[at] for row in rows)]
        assert len(told.splitlines()[1].split("  ")) in (max(len(filled), 1), len(headings))


def test_without_a_terminal_every_cell_is_there_however_wide():
    rows = [("x" * 500, "y" * 500)]
    assert render(("a", "b"), rows, spare=("a",), wrap="b").endswith(f"{'x' * 500}  {'y' * 500}")


def test_a_number_is_left_out_and_never_cut():
    told = render(("a", "n"), [("word " * 30, "123456789")], frozenset({"n"}), width=60)
    assert "123456789" in told
    told = render(("n", "m"), [("1" * 30, "2" * 30)], frozenset({"n", "m"}), width=50)
    assert "1" * 30 in told
    assert "222" not in told
    assert "1 column left out (m)" in told.replace("\n", " ")


def test_a_column_is_wrapped_before_another_is_left_out():
    rows = [("one", "two words " * 12)]
    told = render(("a", "b"), rows, width=80, spare=("a",), wrap="b")
    assert len(told.splitlines()) == 4
    assert "left out" not in told


def test_the_least_important_column_goes_first():
    rows = [("a" * 30, "b" * 30, "c" * 30)]
    told = render(("x", "y", "z"), rows, width=80, spare=("y", "z"))
    assert "a" * 30 in told
    assert "c" * 30 in told
    assert "b" not in told.splitlines()[2]


def test_wide_letters_take_two_cells():
    lines = render(("name", "n"), [("南宁", "1"), ("Nanning", "2"), ("หนองคาย", "3")]).splitlines()
    assert {cells_of(line) for line in lines[2:]} == {10}
    assert [cells_of(text) for text in ("南宁", "Nanning", "กี่", "لاهور")] == [4, 7, 1, 5]
