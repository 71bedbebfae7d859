"""Who may sign in, and who may do what?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account.adapter import DefaultAccountAdapter

if TYPE_CHECKING:
    from django.http import HttpRequest


class Adapter(DefaultAccountAdapter):
    """Accounts are made by the owner, never by strangers."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
