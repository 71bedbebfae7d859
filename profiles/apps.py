from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProfilesConfig(AppConfig):
    name = "profiles"
    verbose_name = _("Profiles")

    def ready(self) -> None:
        from profiles.pages import data as data_home
        from profiles.pages import hygiene as hygiene_pages
        from profiles.pages import palette
        from profiles.pages import settings as settings_home
        from profiles.pages import shop as shop_pages
        from profiles.person import attribute_story, notes
        from profiles.privacy import own
        from profiles.views import consents_tab, identity_tab, person_blocks, privacy_tab

        data_home.register()
        hygiene_pages.register()
        palette.register()
        settings_home.register()
        person_blocks.register()
        identity_tab.register()
        shop_pages.register()
        attribute_story.register()
        notes.register()
        consents_tab.register()
        own.declare()
        privacy_tab.register()
