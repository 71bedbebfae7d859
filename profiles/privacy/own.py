"""What do the tables of profiles hold about a person, and what becomes of it in an erasure?"""

from __future__ import annotations

from datetime import datetime
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from omni.models import AuditEntry
from profiles.models import (
    AccessExport,
    AddressCheck,
    CleaningAddress,
    Consent,
    ConsentState,
    ContactPoint,
    Correction,
    DeadLetter,
    Event,
    HookPayload,
    Identifier,
    Import,
    ImportedPerson,
    ImportFault,
    Merge,
    Order,
    OrderLine,
    OrderRefund,
    OrderStatus,
    PrivacyRequest,
    ProductInterest,
    Profile,
    RecentCall,
    RecipientGate,
    Refusal,
    Snooze,
    Suppression,
)
from profiles.privacy import traces
from profiles.privacy.holdings import CHUNK, Fate, Holding, by_address, by_profile, of_addresses, register

if TYPE_CHECKING:
    from profiles.privacy.holdings import Subject


def declare() -> None:
    """Register the tables of profiles; called once, when the app is ready."""
    _declare_person()
    _declare_words()
    _declare_deeds()
    _declare_arrivals()


def _declare_person() -> None:
    fields = ("id", "attributes", "attribute_facts", "is_test", "restricted_at", "created_at", "updated_at", "latest_seen_at")
    # Taken last of all, by the erasure itself.
    register(Holding("profile", _("Profiles and attributes"), Profile, by_profile(Profile, "pk"), fields=fields, take=_nothing))
    seen = ("type", "value", "source", "first_seen_at", "latest_seen_at", "verified_at")
    register(Holding("identifier", _("Identifiers"), Identifier, by_profile(Identifier), fields=seen, at_once=True))
    points = ("kind", "address", "bounced_at", "created_at")
    register(Holding("contactpoint", _("Addresses"), ContactPoint, by_profile(ContactPoint), fields=points, at_once=True))
    refused = ("type", "value", "rule", "source", "first_at", "latest_at")
    register(Holding("refusal", _("Identifiers a rule kept out"), Refusal, _refusals, fields=refused, at_once=True))
    merges = ("root_id", "origin_id", "reason", "snapshot", "merged_at", "reversed_at")
    register(Holding("merge", _("Merges and what was before them"), Merge, _merges, fields=merges, at_once=True))


def _declare_words() -> None:
    # The state points to the ledger, so it goes first.
    state = ("channel", "address", "topic", "status", "since_at")
    register(
        Holding(
            "consentstate", _("Permissions as they stand"), ConsentState, by_address(ConsentState), fields=state, at_once=True
        )
    )
    told = ("channel", "address", "topic", "status", "at", "recorded_at", "method", "source", "proof")
    register(
        Holding("consent", _("Permissions given and taken back"), Consent, _ledger, fields=told, take=_take_ledger, at_once=True)
    )
    blocks = ("channel", "address", "reason", "detail", "at", "lifted_at")
    register(Holding("suppression", _("Blocks of addresses"), Suppression, by_address(Suppression), fields=blocks, at_once=True))
    register(Holding("snooze", _("Pauses"), Snooze, by_address(Snooze), at_once=True))
    wishes = ("kind", "channel", "address", "asked_at", "verified", "proof", "state", "decided_at", "note")
    register(
        Holding(
            "privacyrequest",
            _("Privacy requests"),
            PrivacyRequest,
            _requests,
            Fate.NAMELESS,
            fields=wishes,
            take=_answer_requests,
            at_once=True,
            why=_("That there was a request, and how it was answered, has to be shown later."),
        )
    )
    judged = ("kind", "address", "state", "reason", "checked_at")
    register(
        Holding(
            "addresscheck", _("What is known of the addresses"), AddressCheck, by_address(AddressCheck, "kind"), fields=judged
        )
    )
    register(Holding("cleaningaddress", _("Lists that were cleaned"), CleaningAddress, by_address(CleaningAddress, "kind")))
    mended = ("kind", "address", "corrected", "at", "undone_at")
    register(Holding("correction", _("Addresses that were mended"), Correction, by_profile(Correction), fields=mended))
    register(Holding("recipientgate", _("Locks of addresses"), RecipientGate, by_address(RecipientGate)))


def _declare_deeds() -> None:
    events = ("time", "name__name", "value", "properties", "source__name", "received_at")
    register(Holding("event", _("Events"), Event, by_profile(Event), fields=events, take=_take_events))
    register(Holding("productinterest", _("Products looked at"), ProductInterest, by_profile(ProductInterest)))
    money = _("The sums have to be kept and stay true; who bought is not known any more.")
    register(
        Holding(
            "order",
            _("Orders"),
            Order,
            by_profile(Order),
            Fate.NAMELESS,
            blank={"fields": {}, "codes": [], "facts": {}},
            why=money,
        )
    )
    register(
        Holding("orderline", _("What was bought"), OrderLine, by_profile(OrderLine), Fate.NAMELESS, take=_nothing, why=money)
    )
    register(
        Holding(
            "orderstatus", _("Steps of orders"), OrderStatus, by_profile(OrderStatus), Fate.NAMELESS, take=_nothing, why=money
        )
    )
    register(
        Holding(
            "orderrefund",
            _("Money given back"),
            OrderRefund,
            by_profile(OrderRefund),
            Fate.NAMELESS,
            blank={"reason": ""},
            why=money,
        )
    )


def _declare_arrivals() -> None:
    # Files first: the people of an import lead to its file.
    register(
        Holding("importfile", _("Imported files they were in"), Import, _files, fields=("name", "created_at"), take=_take_files)
    )
    people = ("of_id", "of__name", "outcome")
    register(Holding("importedperson", _("Imports they were in"), ImportedPerson, by_profile(ImportedPerson), fields=people))
    faults = ("of_id", "row", "column", "reason", "cells")
    register(Holding("importfault", _("Rows that were not imported"), ImportFault, _faults, fields=faults))
    letters = ("received_at", "reason", "detail")
    register(Holding("deadletter", _("Calls that could not be used"), DeadLetter, traces.dead_letters, fields=letters))
    calls = ("received_at", "type", "name", "state", "body")
    register(Holding("recentcall", _("Latest calls, for debugging"), RecentCall, traces.recent_calls, fields=calls))
    register(Holding("hookpayload", _("Latest payloads of webhooks"), HookPayload, traces.payloads, fields=("received_at",)))
    copies = ("created_at", "state", "by_label", "expires_at")
    register(
        Holding(
            "accessexport", _("Copies of their data"), AccessExport, by_profile(AccessExport), fields=copies, take=_take_copies
        )
    )
    register(
        Holding(
            "audit",
            _("Who of the staff did what to them"),
            AuditEntry,
            _entries,
            Fate.KEPT,
            fields=("at", "actor_label", "action", "after"),
            why=_("A record that can be altered proves nothing. It names the person by number only."),
        )
    )


def _nothing(subject: Subject, now: datetime) -> int:
    return 0


def _refusals(subject: Subject) -> QuerySet[Any]:
    # What was refused for somebody else names the person as well.
    values: dict[str, list[str]] = {}
    for kind, value in subject.keys:
        values.setdefault(kind, []).append(value)
    theirs = (Q(type=kind, value__in=some) for kind, some in values.items())
    return Refusal.objects.filter(
        reduce(or_, theirs, Q(profile_id__in=subject.profile_ids) | Q(owner_id__in=subject.profile_ids))
    )


def _merges(subject: Subject) -> QuerySet[Any]:
    return Merge.objects.filter(Q(root_id__in=subject.profile_ids) | Q(origin_id__in=subject.profile_ids))


def _ledger(subject: Subject) -> QuerySet[Any]:
    return Consent.objects.filter(Q(profile_id__in=subject.profile_ids) | of_addresses(subject, "channel", "address"))


def _take_ledger(subject: Subject, now: datetime) -> int:
    """Delete what was said about their addresses; what they said about one that is somebody else's now stays with that one."""
    gone = Consent.objects.filter(of_addresses(subject, "channel", "address")).delete()[0]
    rest = Consent.objects.filter(profile_id__in=subject.profile_ids)
    owned = dict(ContactPoint.objects.filter(address__in=rest.values("address")).values_list("address", "profile_id"))
    for address, owner in owned.items():
        rest.filter(address=address).update(profile_id=owner)
    ConsentState.objects.filter(consent__in=rest).delete()
    return int(gone + rest.delete()[0])


def _requests(subject: Subject) -> QuerySet[Any]:
    ours = Q(profile_id__in=subject.profile_ids) | of_addresses(subject, "channel", "address")
    return PrivacyRequest.objects.filter(ours).exclude(address="")


def _answer_requests(subject: Subject, now: datetime) -> int:
    rows = _requests(subject)
    rows.filter(state=PrivacyRequest.State.NEW).update(state=PrivacyRequest.State.DONE, decided_at=now)
    return int(rows.update(address="", profile=None, proof={}, note=""))


def _take_events(subject: Subject, now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM profiles_event WHERE (time, id) IN"
            " (SELECT time, id FROM profiles_event WHERE profile_id = ANY(%s) LIMIT %s)",
            [list(subject.profile_ids), CHUNK],
        )
        return int(cursor.rowcount)


def _files(subject: Subject) -> QuerySet[Any]:
    return Import.objects.filter(people__profile_id__in=subject.profile_ids).exclude(file="").distinct()


def _take_files(subject: Subject, now: datetime) -> int:
    """Delete the files of finished imports; one that is under way meets the tombstones, and its file goes in time."""
    ended = _files(subject).exclude(state__in=[Import.State.QUEUED, Import.State.RUNNING])
    files = list(ended.only("pk", "file")[:50])
    for one in files:
        one.file.delete(save=False)
        Import.objects.filter(pk=one.pk).update(file="")
    return len(files)


def _faults(subject: Subject) -> QuerySet[Any]:
    return traces.import_faults(subject)


def _take_copies(subject: Subject, now: datetime) -> int:
    copies = list(AccessExport.objects.filter(profile_id__in=subject.profile_ids)[:50])
    for copy in copies:
        for file in (copy.as_json, copy.as_page):
            if file:
                file.delete(save=False)
        copy.delete()
    return len(copies)


def _entries(subject: Subject) -> QuerySet[Any]:
    ids = [str(pk) for pk in subject.profile_ids]
    return AuditEntry.objects.filter(object_kind="profile", object_id__in=ids)
