"""The reference pages whose blocks boot guests: their blocks in order, as a reader would."""

from __future__ import annotations

import pytest

from doc_blocks import GUEST_PAGES, PAGE_S, is_to_begin_with, name_of, reader_in_guests  # noqa: F401

pytestmark = [pytest.mark.guest, pytest.mark.timeout(PAGE_S)]


@pytest.mark.parametrize(
    "page", [one for one in GUEST_PAGES if not is_to_begin_with(one)], ids=name_of
)
def test_what_a_page_tells_to_do_works_in_guests(page, reader):
    reader.follow(page)
