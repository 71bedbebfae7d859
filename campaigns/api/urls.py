"""Where is the API of campaigns?"""

from __future__ import annotations

from django.urls import path

from campaigns.api import reports

urlpatterns = [
    path("campaigns/<int:pk>/report/", reports.CampaignReportView.as_view(), name="api-campaign-report"),
    path("campaigns/<int:pk>/people/", reports.CampaignPeopleView.as_view(), name="api-campaign-people"),
]
