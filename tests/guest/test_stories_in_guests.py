"""The pages to begin with, as ``test_doc_blocks_in_guests.py`` has the others; both at once."""

from __future__ import annotations

import pytest

from doc_blocks import GUEST_PAGES, PAGE_S, is_to_begin_with, name_of, reader_in_guests  # noqa: F401

pytestmark = [pytest.mark.guest, pytest.mark.timeout(PAGE_S)]


@pytest.mark.parametrize("page", [one for one in GUEST_PAGES if is_to_begin_with(one)], ids=name_of)
def test_what_a_page_to_begin_with_tells_to_do_works_in_guests(page, reader):
    reader.follow(page)
