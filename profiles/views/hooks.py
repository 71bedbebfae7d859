"""What does another system tell by a webhook, and which value of its payload is what?"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from omni import celery, toasts
from omni.roles import Right, require
from profiles.ingest import deadletters, hooks, keys, mapping, spec
from profiles.ingest.envelope import RefusedError
from profiles.models import DeadLetter, HookPayload, Source
from profiles.views import ingest

if TYPE_CHECKING:
    from django.http import HttpRequest, QueryDict

    from omni.middleware import StaffRequest

LONGEST_SAMPLE = 120
_PLACE = re.compile(r"^path-(\d{1,4})$")


@csrf_exempt
def accept(request: HttpRequest, key: str) -> HttpResponse:
    """Take a payload; whoever knows the address may send. Answers 200 only for what is on the disk."""
    entry = ingest.Entry(request)
    try:
        if request.method != "POST":
            raise RefusedError(405, "post_only", _("Payloads are sent with POST."))
        holder = keys.holder_of(key)
        if holder is None or holder.kind != Source.Kind.WEBHOOK:
            raise RefusedError(404, "unknown_address", _("There is no webhook at this address."))
        entry.welcome(holder)
        if ingest.is_full():
            raise ingest.busy()
        hooks.accept(
            source_id=holder.source_id,
            body=ingest.read_body(request),
            encoding=request.headers.get("Content-Encoding", "").strip().lower(),
            content_type=request.headers.get("Content-Type", ""),
            now=timezone.now(),
        )
        ingest.nudge()
        answer: HttpResponse = JsonResponse({"success": True})
    except RefusedError as error:
        answer = ingest.refusal(error)
    except DatabaseError:
        ingest.logger.exception("a payload could not be kept")
        answer = ingest.refusal(ingest.busy())
    return entry.on(answer)


@dataclass(frozen=True)
class Leaf:
    """One value of the payload on the page."""

    number: int
    path: str
    depth: int
    label: str
    value: str
    is_missing: bool
    use: str
    name: str


@require(Right.EDIT_PEOPLE)
@require_http_methods(["GET", "POST"])
def mapping_edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Show the latest payload as a tree, and store what its values are."""
    source = get_object_or_404(Source, pk=pk, kind=Source.Kind.WEBHOOK)
    error = ""
    plan = mapping.load(source.mapping)
    if request.method == "POST":
        try:
            plan = _from_form(request.POST)
            _check(plan)
            hooks.save(source, new=plan)
            toasts.push(request, _("Saved. Payloads that arrive from now on are read like this."))
            return redirect("profiles:source-mapping", pk=pk)
        except mapping.MappingError as wrong:
            error = str(wrong)
    payloads = hooks.latest(source)
    shown = next((each for each in payloads if str(each.pk) == request.GET.get("payload")), payloads[0] if payloads else None)
    context = {
        "source": source,
        "payloads": payloads,
        "shown": shown,
        "leaves": _leaves(shown, plan),
        "fields": mapping.FIELDS.items(),
        "event_name": plan.event_name,
        "error": error,
        "waiting": DeadLetter.objects.filter(source=source, replayed_at=None).count(),
        "may_replay": bool(payloads) and source.mapping_version > 0,
        **_preview(shown, plan, source),
    }
    return render(request, "profiles/source_mapping.html", context, status=422 if error else 200)


@require(Right.EDIT_PEOPLE)
@require_POST
def mapping_preview(request: StaffRequest, pk: int) -> HttpResponse:
    """Show which calls the payload would become."""
    source = get_object_or_404(Source, pk=pk, kind=Source.Kind.WEBHOOK)
    shown = HookPayload.objects.filter(source=source, pk=_number(request.POST.get("payload", ""))).first()
    try:
        context = _preview(shown, _from_form(request.POST), source)
    except mapping.MappingError as wrong:
        context = {"calls": [], "problem": str(wrong)}
    return render(request, "profiles/_mapping_preview.html", context)


@require(Right.EDIT_PEOPLE)
@require_POST
def payloads_replay(request: StaffRequest, pk: int) -> HttpResponse:
    source = get_object_or_404(Source, pk=pk, kind=Source.Kind.WEBHOOK)
    count = hooks.replay(source, now=timezone.now())
    celery.nudge("profiles.tasks.drain_inbox")
    text = ngettext("%(n)s payload is being processed again.", "%(n)s payloads are being processed again.", count)
    toasts.push(request, text % {"n": count})
    return redirect("profiles:source-mapping", pk=pk)


def _from_form(posted: QueryDict) -> mapping.HookMapping:
    found: dict[str, dict[str, str]] = {"fields": {}, "properties": {}, "attributes": {}}
    groups = {mapping.PROPERTY: "properties", mapping.ATTRIBUTE: "attributes"}
    for field, path in posted.items():
        place = _PLACE.match(field)
        use = posted.get(f"use-{place[1]}", "") if place else ""
        if not place or not use:
            continue
        group = groups.get(use, "fields")
        name = (posted.get(f"name-{place[1]}", "").strip() or _own_name(str(path))) if group != "fields" else use
        if name in found[group]:
            words = mapping.FIELDS.get(name, name)
            raise mapping.MappingError(_("Two values are the same thing: %(name)s.") % {"name": words})
        found[group][name] = str(path)
    return mapping.load({**found, "event_name": posted.get("event_name", "")})


def _check(plan: mapping.HookMapping) -> None:
    if not any(name in plan.fields for name in mapping.WHO):
        raise mapping.MappingError(_("Say which value tells who it was: e-mail, user id, phone or anonymous id."))
    if not plan.is_usable:
        raise mapping.MappingError(_("Give the event a name, or choose the value that holds it, or an attribute."))


def _own_name(path: str) -> str:
    return next((step for step in reversed(mapping.parse(path)) if isinstance(step, str)), "value")


def _leaves(shown: HookPayload | None, plan: mapping.HookMapping) -> list[Leaf]:
    """Return the values of the payload, then places that are mapped and missing in it."""
    uses = {path: (use, "") for use, path in plan.fields.items()}
    uses |= {path: (mapping.PROPERTY, name) for name, path in plan.properties.items()}
    uses |= {path: (mapping.ATTRIBUTE, name) for name, path in plan.attributes.items()}
    values = dict(list(mapping.leaves(hooks.read(shown)))[: mapping.MOST_LEAVES]) if shown else {}
    places: list[mapping.Path] = [*values, *(path for path in uses if path not in values)]
    return [
        Leaf(
            number,
            mapping.spell(path),
            min(max(0, len(path) - 1), 6),
            mapping.spell(path).removeprefix("$").removeprefix("."),
            json.dumps(values[path], ensure_ascii=False)[:LONGEST_SAMPLE] if path in values else "",
            path not in values,
            *uses.get(path, ("", "")),
        )
        for number, path in enumerate(places)
    ]


def _preview(shown: HookPayload | None, plan: mapping.HookMapping, source: Source) -> dict[str, Any]:
    """Return the calls the payload would become, and what would stop them."""
    if shown is None:
        return {"calls": [], "problem": ""}
    try:
        _check(plan)
        version = source.mapping_version + 1
        calls = mapping.calls_of(hooks.read(shown), plan, version=version, received_at=shown.received_at)
        origin = spec.Origin(source.pk, shown.received_at)
        read = [spec.read(call, origin) for call in calls]
    except mapping.MappingError as wrong:
        return {"calls": [], "problem": str(wrong)}
    except spec.DropError as wrong:
        return {"calls": [], "problem": deadletters.words_of(wrong.reason)}
    return {"calls": [(call, json.dumps(_essence(call), indent=2, ensure_ascii=False)) for call in read], "problem": ""}


def _essence(call: spec.Call) -> dict[str, Any]:
    said = {"person": dict(call.identifiers), "time": call.time.isoformat(), "event": call.name}
    return {key: value for key, value in {**said, "properties": call.properties, "attributes": call.traits}.items() if value}


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
