"""Where is the API of segments?"""

from __future__ import annotations

from django.urls import path

from segments.api import views

urlpatterns = [
    path("segments/", views.SegmentsView.as_view(), name="api-segments"),
    path("segments/preview/", views.PreviewView.as_view(), name="api-segment-preview"),
    path("segments/describe/", views.DescribeView.as_view(), name="api-segment-describe"),
    path("segments/<int:pk>/", views.SegmentView.as_view(), name="api-segment"),
    path("segments/<int:pk>/archive/", views.SegmentArchiveView.as_view(), name="api-segment-archive"),
    path("segments/<int:pk>/restore/", views.SegmentRestoreView.as_view(), name="api-segment-restore"),
    path("segments/<int:pk>/members/", views.SegmentMembersView.as_view(), name="api-segment-members"),
    path("segments/<int:pk>/members/<int:person>/", views.SegmentPersonView.as_view(), name="api-segment-member"),
]
