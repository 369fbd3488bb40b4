"""Answers that are kept, and which arguments they are kept by."""

import pytest

from corridor.topologies.base.remembered import remembered


def test_an_argument_that_only_helps_is_not_part_of_the_question():
    asked = []

    @remembered(2, helping=frozenset({"hint"}))
    def answer(question, *, hint):
        asked.append((question, hint))
        return question * 2

    assert [answer(2, hint=1), answer(2, hint=2), answer(3, hint=2)] == [4, 4, 6]
    assert asked == [(2, 1), (3, 2)]


def test_a_helping_argument_that_the_function_does_not_have_by_name_is_refused():
    def answer(question, hint):
        return question, hint

    with pytest.raises(TypeError, match="answer has no keyword-only argument hint, other"):
        remembered(2, helping=frozenset({"hint", "other"}))(answer)
