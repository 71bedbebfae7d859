from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CampaignsConfig(AppConfig):
    name = "campaigns"
    verbose_name = _("Campaigns")

    def ready(self) -> None:
        from campaigns import engine, privacy
        from campaigns import home as own_home
        from campaigns.reports import home as report_home
        from omni import feed, home
        from profiles import changes as profile_changes
        from segments import changes as segment_changes

        kinds = [profile_changes.EVENT_RECORDED, profile_changes.PROFILE_CHANGED, segment_changes.SEGMENT_ENTERED]
        feed.register(name="campaigns", kinds=kinds, handle=engine.follow_feed)
        privacy.declare()
        own_home.register()
        home.register_results(report_home.results)
        self._tell_journeys()
        self._open_post_office()

    def _tell_journeys(self) -> None:
        from campaigns import passages, uses
        from profiles.consent import topics
        from profiles.imports import traces
        from profiles.person import timeline
        from segments import usage

        usage.register(uses.of_segments)
        traces.register(uses.of_people)
        topics.register_uses(uses.of_topics)
        for source in passages.SOURCES:
            timeline.register("campaign", _("Campaigns"), "speakerphone", source)

    def _open_post_office(self) -> None:
        from campaigns import timeline
        from omni import settings_pages
        from omni.settings_pages import Group, Page
        from profiles.person import timeline as people_timeline

        outcomes = people_timeline.fetch_outcomes
        people_timeline.register("message", _("Messages"), "mail", timeline.messages, instead_of=outcomes)
        people_timeline.register("message", _("Messages"), "mail", timeline.answers)
        senders = _("Names and addresses letters come from.")
        settings_pages.register(Page("campaigns:sender-list", _("Senders"), "id", senders, group=Group.SENDING))
        providers = _("Mail servers that carry the letters.")
        settings_pages.register(Page("campaigns:provider-list", _("Providers"), "server", providers, group=Group.SENDING))
        limits = _("Caps, quiet hours, emergency stop.")
        settings_pages.register(Page("campaigns:policy", _("Sending"), "gauge", limits, group=Group.SENDING))
