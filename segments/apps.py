from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SegmentsConfig(AppConfig):
    name = "segments"
    verbose_name = _("Segments")

    def ready(self) -> None:
        from omni import feed
        from segments import following, privacy, telling

        privacy.declare()
        telling.register()
        feed.register(name=following.CONSUMER, kinds=following.KINDS, handle=following.handle)
