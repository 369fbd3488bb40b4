"""The pages whose blocks boot guests: all of their blocks in order, as a reader would."""

from __future__ import annotations

import pytest

from doc_blocks import Reader, furnish, name_of, pages_with

PAGE_S = 900
pytestmark = [pytest.mark.guest, pytest.mark.timeout(PAGE_S)]


PAGES = pages_with(lambda block: block.is_run and block.needs_guest)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_a_page_tells_to_do_works_in_guests(page, tmp_path, monkeypatch, virtual_kernel):
    furnish(tmp_path)
    monkeypatch.chdir(tmp_path)
    Reader(tmp_path, in_guests=True).follow(page)
