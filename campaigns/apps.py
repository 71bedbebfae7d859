from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CampaignsConfig(AppConfig):
    name = "campaigns"
    verbose_name = _("Campaigns")

    def ready(self) -> None:
        from campaigns import engine
        from campaigns.reports import home as report_home
        from omni import feed, home
        from profiles import changes as profile_changes
        from segments import changes as segment_changes

        kinds = [profile_changes.EVENT_RECORDED, segment_changes.SEGMENT_ENTERED]
        feed.register(name="campaigns", kinds=kinds, handle=engine.follow_feed)
        home.register_results(report_home.results)
