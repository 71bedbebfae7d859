"""Where are the pages about people and data?"""

from __future__ import annotations

from django.urls import path

from profiles import urls_shop
from profiles.views import (
    data,
    deadletters,
    identity,
    imports,
    ingest,
    people,
    person,
    recent,
    sdk_settings,
    sources,
    topics,
)

app_name = "profiles"
urlpatterns = [
    path("people/", people.person_list, name="person-list"),
    path("people/export.csv", people.person_export, name="person-export"),
    path("people/imports/", imports.import_list, name="import-list"),
    path("people/imports/new/", imports.import_create, name="import-create"),
    path("people/imports/<int:pk>/", imports.import_detail, name="import-detail"),
    path("people/imports/<int:pk>/mapping/", imports.import_mapping, name="import-mapping"),
    path("people/imports/<int:pk>/preview/", imports.import_preview, name="import-preview"),
    path("people/imports/<int:pk>/shape/", imports.import_reshape, name="import-reshape"),
    path("people/imports/<int:pk>/cancel/", imports.import_cancel, name="import-cancel"),
    path("people/imports/<int:pk>/resume/", imports.import_resume, name="import-resume"),
    path("people/imports/<int:pk>/discard/", imports.import_discard, name="import-discard"),
    path("people/imports/<int:pk>/not-imported.csv", imports.import_faults, name="import-faults"),
    path("people/<int:pk>/", person.person_detail, name="person-detail"),
    path("people/<int:pk>/tab/<slug:tab>/", person.person_tab, name="person-tab"),
    path("people/<int:pk>/timeline/", person.person_timeline, name="person-timeline"),
    path("people/<int:pk>/attributes/", person.attribute_create, name="attribute-create"),
    path("people/<int:pk>/attributes/delete/", person.attribute_delete, name="attribute-delete"),
    path("people/<int:pk>/attributes/restore/", person.attribute_restore, name="attribute-restore"),
    path("people/<int:pk>/consents/", person.consent_create, name="consent-create"),
    path("people/<int:pk>/suppressions/lift/", person.suppression_lift, name="suppression-lift"),
    path("people/<int:pk>/merge/", identity.merge_choose, name="merge-choose"),
    path("people/<int:pk>/merge/<int:other>/", identity.merge_create, name="merge-create"),
    path("people/<int:pk>/merges/<int:merge_id>/undo/", identity.merge_undo, name="merge-undo"),
    path("people/<int:pk>/identifiers/", identity.identifier_create, name="identifier-create"),
    path("people/<int:pk>/identifiers/<int:identifier_id>/delete/", identity.identifier_delete, name="identifier-delete"),
    path("people/<int:pk>/identifiers/<int:identifier_id>/verify/", identity.identifier_verify, name="identifier-verify"),
    path("people/<int:pk>/identifiers/<int:identifier_id>/move/", identity.identifier_move, name="identifier-move"),
    path("data/", data.index, name="data"),
    path("data/sources/", sources.source_list, name="source-list"),
    path("data/sources/new/", sources.source_create, name="source-create"),
    path("data/sources/<int:pk>/", sources.source_detail, name="source-detail"),
    path("data/sources/<int:pk>/edit/", sources.source_edit, name="source-edit"),
    path("data/sources/<int:pk>/revoke/", sources.source_revoke, name="source-revoke"),
    path("data/live/", recent.recent_call_list, name="recent-call-list"),
    path("data/live/<int:pk>/", recent.recent_call_detail, name="recent-call-detail"),
    path("data/dead-letters/", deadletters.dead_letter_list, name="dead-letter-list"),
    path("data/dead-letters/replay/", deadletters.dead_letter_replay_all, name="dead-letter-replay-all"),
    path("data/dead-letters/<int:pk>/", deadletters.dead_letter_detail, name="dead-letter-detail"),
    path("data/dead-letters/<int:pk>/replay/", deadletters.dead_letter_replay, name="dead-letter-replay"),
    path("settings/topics/", topics.topic_list, name="topic-list"),
    path("settings/topics/new/", topics.topic_create, name="topic-create"),
    path("settings/topics/<int:pk>/", topics.topic_edit, name="topic-edit"),
    path("settings/topics/<int:pk>/archive/", topics.topic_archive, name="topic-archive"),
    path("settings/topics/<int:pk>/restore/", topics.topic_restore, name="topic-restore"),
    path("settings/topics/<int:pk>/move/<slug:way>/", topics.topic_move, name="topic-move"),
    path("sourceConfig/", sdk_settings.rudder, name="ingest-settings-rudder"),
    *urls_shop.urlpatterns,
    # Pages that are being left send what they still have; such a beacon cannot carry an Authorization header.
    path("beacon/v1/batch", ingest.accept, {"reads_key_from_query": True}, name="ingest-beacon"),
]
