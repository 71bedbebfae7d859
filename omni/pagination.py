"""How are long lists cut into pages? By keys, never by offsets, so a page costs the same at a million rows."""

from __future__ import annotations

from rest_framework.pagination import CursorPagination


class KeysetPagination(CursorPagination):
    """Cursor paging for the API; a view sets `ordering` to a stated column, then the primary key."""

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 500
    ordering = "-id"
