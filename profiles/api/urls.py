"""Where is the API of people and data?"""

from __future__ import annotations

from django.urls import include, path

from profiles.api import definitions, identity, imports, lists, people, permissions, shop, sources, story, topics

urlpatterns = [
    path("", include("profiles.api.urls_hygiene")),
    path("people", people.PeopleView.as_view(), name="api-people"),
    path("people/<int:pk>", people.PersonView.as_view(), name="api-person"),
    path("people/<int:person_id>/events", people.PersonEventsView.as_view(), name="api-person-events"),
    path("people/<int:pk>/consents", people.PersonConsentsView.as_view(), name="api-person-consents"),
    path("people/<int:pk>/timeline", story.PersonTimelineView.as_view(), name="api-person-timeline"),
    path("people/<int:pk>/notes", story.PersonNotesView.as_view(), name="api-person-notes"),
    path("people/<int:pk>/notes/<int:note_id>", story.PersonNoteView.as_view(), name="api-person-note"),
    path("people-actions", lists.ActionsView.as_view(), name="api-people-actions"),
    path("people-actions/<int:pk>", lists.ActionView.as_view(), name="api-people-action"),
    path("people-actions/<int:pk>/undo", lists.ActionUndoView.as_view(), name="api-people-action-undo"),
    path("people-views", lists.ViewsView.as_view(), name="api-people-views"),
    path("people-views/<int:pk>", lists.ViewView.as_view(), name="api-people-view"),
    path("people/<int:pk>/identifiers", identity.PersonIdentifiersView.as_view(), name="api-person-identifiers"),
    path(
        "people/<int:pk>/identifiers/<int:identifier_id>", identity.PersonIdentifierView.as_view(), name="api-person-identifier"
    ),
    path("people/<int:pk>/merges", identity.PersonMergesView.as_view(), name="api-person-merges"),
    path("people/<int:pk>/merges/<int:merge_id>/undo", identity.MergeUndoView.as_view(), name="api-merge-undo"),
    path("imports", imports.ImportsView.as_view(), name="api-imports"),
    path("imports/<int:pk>", imports.ImportView.as_view(), name="api-import"),
    path("imports/<int:pk>/cancel", imports.ImportCancelView.as_view(), name="api-import-cancel"),
    path("imports/<int:pk>/faults", imports.ImportFaultsView.as_view(), name="api-import-faults"),
    path("people/<int:person_id>/consents/ledger", permissions.LedgerView.as_view(), name="api-person-ledger"),
    path("privacy-requests", permissions.RequestsView.as_view(), name="api-privacy-requests"),
    path("privacy-requests/<int:pk>/answer", permissions.RequestAnswerView.as_view(), name="api-privacy-request-answer"),
    path("topics", topics.TopicsView.as_view(), name="api-topics"),
    path("topics/<slug:key>", topics.TopicView.as_view(), name="api-topic"),
    path("topics/<slug:key>/archive", topics.TopicArchiveView.as_view(), name="api-topic-archive"),
    path("topics/<slug:key>/restore", topics.TopicRestoreView.as_view(), name="api-topic-restore"),
    path("attributes", definitions.AttributesView.as_view(), name="api-attributes"),
    path("events", definitions.EventsView.as_view(), name="api-events"),
    path("sources", sources.SourcesView.as_view(), name="api-sources"),
    path("sources/<int:pk>/mapping", sources.MappingView.as_view(), name="api-source-mapping"),
    path("sources/<int:pk>/replay", sources.ReplayView.as_view(), name="api-source-replay"),
    path("products", shop.ProductsView.as_view(), name="api-products"),
    path("products/<path:external_id>", shop.ProductView.as_view(), name="api-product"),
    path("orders", shop.OrdersView.as_view(), name="api-orders"),
    path("orders/<int:pk>", shop.OrderView.as_view(), name="api-order"),
    path("orders/<int:pk>/refunds", shop.OrderRefundsView.as_view(), name="api-order-refunds"),
]
