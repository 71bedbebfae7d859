from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProfilesConfig(AppConfig):
    name = "profiles"
    verbose_name = _("Profiles")

    def ready(self) -> None:
        from profiles import attribute_story, data_home, hygiene_pages, notes, palette, settings_home, shop_pages
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
