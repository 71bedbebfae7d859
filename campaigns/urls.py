"""Where are the pages about campaigns?"""

from __future__ import annotations

from django.urls import path

from campaigns.views import reports

app_name = "campaigns"
urlpatterns = [
    path("reports/", reports.report_list, name="report-list"),
    path("reports/campaigns/<int:pk>/", reports.report_detail, name="report-detail"),
    path("reports/campaigns/<int:pk>/people/", reports.report_people, name="report-people"),
    path("reports/campaigns/<int:pk>/people.csv", reports.report_export, name="report-export"),
]
