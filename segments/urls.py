"""Where are the pages about segments?"""

from __future__ import annotations

from django.urls import path

from segments.views import building, detail, editing, lists

app_name = "segments"
urlpatterns = [
    path("segments/", lists.segment_list, name="segment-list"),
    path("segments/new/", editing.segment_create, name="segment-create"),
    path("segments/builder/", building.build, name="builder"),
    path("segments/preview/", building.preview, name="preview"),
    path("segments/<int:pk>/", detail.segment_detail, name="segment-detail"),
    path("segments/<int:pk>/size/", detail.segment_size, name="segment-size"),
    path("segments/<int:pk>/person/", detail.segment_person, name="segment-person"),
    path("segments/<int:pk>/members.csv", detail.segment_export, name="segment-export"),
    path("segments/<int:pk>/edit/", editing.segment_edit, name="segment-edit"),
    path("segments/<int:pk>/archive/", editing.segment_archive, name="segment-archive"),
    path("segments/<int:pk>/restore/", editing.segment_restore, name="segment-restore"),
]
