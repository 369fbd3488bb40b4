import pytest

from corridor.topologies.base.words import counted, joined, joined_few


@pytest.mark.parametrize(
    ("number", "noun", "told"),
    [
        (1, "hub", "1 hub"),
        (0, "hub", "0 hubs"),
        (2, "class", "2 classes"),
        (3, "switch", "3 switches"),
        (1200, "near tie", "1,200 near ties"),
    ],
)
def test_things_are_counted_in_words(number: int, noun: str, told: str) -> None:
    assert counted(number, noun) == told


def test_lists_end_with_an_and() -> None:
    assert [joined("abc"[:many]) for many in range(4)] == ["", "a", "a and b", "a, b and c"]


def test_long_lists_end_with_the_number_of_what_is_left_out() -> None:
    said = ["a", "a and b", "a, b and 1 more", "a, b and 2 more"]
    assert [joined_few("abcd"[: many + 1], 2) for many in range(4)] == said
