"""Which pages of the house itself stand in the index of settings?"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from omni import mailbox
from omni.roles import Right
from omni.settings_pages import Page
from omni.settings_pages import register as add


def register() -> None:
    add(Page("background", _("Background work"), "activity", _("What runs by itself, and whether it does."), Right.VIEW))
    add(Page("audit-list", _("Audit record"), "history", _("Who changed what, and when.")))
    if mailbox.is_enabled():
        add(Page("mailbox", _("Local mailbox"), "inbox", _("Letters that were caught on this machine."), Right.VIEW))
