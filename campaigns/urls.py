"""Where are the pages about campaigns?"""

from __future__ import annotations

from django.urls import path

from campaigns.views import campaigns, canvas, reports

app_name = "campaigns"
urlpatterns = [
    path("campaigns/", campaigns.campaign_list, name="campaign-list"),
    path("campaigns/new/", campaigns.campaign_create, name="campaign-create"),
    path("campaigns/<int:pk>/", canvas.campaign_detail, name="campaign-detail"),
    path("campaigns/<int:pk>/publish/", campaigns.campaign_publish, name="campaign-publish"),
    path("campaigns/<int:pk>/pause/", campaigns.campaign_pause, name="campaign-pause"),
    path("campaigns/<int:pk>/resume/", campaigns.campaign_resume, name="campaign-resume"),
    path("campaigns/<int:pk>/stop/", campaigns.campaign_stop, name="campaign-stop"),
    path("campaigns/<int:pk>/duplicate/", campaigns.campaign_duplicate, name="campaign-duplicate"),
    path("campaigns/<int:pk>/delete/", campaigns.campaign_delete, name="campaign-delete"),
    path("campaigns/<int:pk>/settings/", canvas.campaign_configure, name="campaign-configure"),
    path("campaigns/<int:pk>/undo/", canvas.draft_undo, name="draft-undo"),
    path("campaigns/<int:pk>/redo/", canvas.draft_redo, name="draft-redo"),
    path("campaigns/<int:pk>/versions/<int:number>/restore/", canvas.version_restore, name="version-restore"),
    path("campaigns/<int:pk>/steps/", canvas.step_add, name="step-add"),
    path("campaigns/<int:pk>/steps/<str:key>/", canvas.step_edit, name="step-edit"),
    path("campaigns/<int:pk>/steps/<str:key>/remove/", canvas.step_remove, name="step-remove"),
    path("campaigns/<int:pk>/steps/<str:key>/up/", canvas.step_up, name="step-up"),
    path("campaigns/<int:pk>/steps/<str:key>/down/", canvas.step_down, name="step-down"),
    path("campaigns/<int:pk>/steps/<str:key>/move/", canvas.step_move, name="step-move"),
    path("campaigns/<int:pk>/steps/<str:key>/duplicate/", canvas.step_duplicate, name="step-duplicate"),
    path("reports/", reports.report_list, name="report-list"),
    path("reports/campaigns/<int:pk>/", reports.report_detail, name="report-detail"),
    path("reports/campaigns/<int:pk>/people/", reports.report_people, name="report-people"),
    path("reports/campaigns/<int:pk>/people.csv", reports.report_export, name="report-export"),
]
