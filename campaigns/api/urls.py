"""Where is the API of campaigns?"""

from __future__ import annotations

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from campaigns.api import reports
from campaigns.api.campaigns import CampaignViewSet
from campaigns.api.content import DeliveryViewSet, SenderViewSet, TemplateViewSet
from campaigns.api.subscriptions import SubscriptionsView

router = SimpleRouter()
router.register("campaigns", CampaignViewSet, basename="api-campaign")
router.register("templates", TemplateViewSet, basename="api-template")
router.register("senders", SenderViewSet, basename="api-sender")
router.register("messages", DeliveryViewSet, basename="api-message")

urlpatterns = [
    path("", include(router.urls)),
    path("topics/<slug:key>/subscriptions", SubscriptionsView.as_view(), name="api-topic-subscriptions"),
    path("campaigns/<int:pk>/report/", reports.CampaignReportView.as_view(), name="api-campaign-report"),
    path("campaigns/<int:pk>/people/", reports.CampaignPeopleView.as_view(), name="api-campaign-people"),
]
