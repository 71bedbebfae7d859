"""What can people subscribe to, and how does staff keep the list?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from omni import toasts
from omni.roles import Right, may, require
from profiles.consent import topics
from profiles.forms.topics import TopicForm
from profiles.models import Topic

if TYPE_CHECKING:
    from django.http import HttpResponse

    from omni.middleware import StaffRequest


@require(Right.VIEW)
@require_GET
def topic_list(request: StaffRequest) -> HttpResponse:
    found = list(topics.offered())
    numbers = topics.counts(found)
    uses = topics.uses([topic.pk for topic in found])
    context = {
        "rows": [(topic, numbers[topic.key], uses.get(topic.pk, [])) for topic in found],
        "archived": list(Topic.objects.exclude(archived_at=None).order_by("name", "pk")),
        "may_change": may(request.user, Right.EDIT_CAMPAIGNS),
    }
    return render(request, "profiles/topic_list.html", context)


@require(Right.EDIT_CAMPAIGNS)
@require_http_methods(["GET", "POST"])
def topic_create(request: StaffRequest) -> HttpResponse:
    return _edit(request, Topic())


@require(Right.EDIT_CAMPAIGNS)
@require_http_methods(["GET", "POST"])
def topic_edit(request: StaffRequest, pk: int) -> HttpResponse:
    return _edit(request, get_object_or_404(Topic, pk=pk))


@require(Right.EDIT_CAMPAIGNS)
@require_POST
def topic_move(request: StaffRequest, pk: int, way: str) -> HttpResponse:
    """Move the topic one place `way`: "up" or "down"."""
    topics.move(topic=get_object_or_404(Topic, pk=pk), up=way == "up")
    return redirect("profiles:topic-list")


@require(Right.EDIT_CAMPAIGNS)
@require_POST
def topic_archive(request: StaffRequest, pk: int) -> HttpResponse:
    topic = get_object_or_404(Topic, pk=pk)
    if topics.archive(topic=topic, by=request.user, now=timezone.now()):
        undo = reverse("profiles:topic-restore", args=[pk])
        toasts.push(request, _("“%(name)s” is offered no more.") % {"name": topic.name}, undo_url=undo)
    return redirect("profiles:topic-list")


@require(Right.EDIT_CAMPAIGNS)
@require_POST
def topic_restore(request: StaffRequest, pk: int) -> HttpResponse:
    topic = get_object_or_404(Topic, pk=pk)
    if topics.restore(topic=topic, by=request.user, now=timezone.now()):
        toasts.push(request, _("“%(name)s” is offered again.") % {"name": topic.name})
    return redirect("profiles:topic-list")


def _edit(request: StaffRequest, topic: Topic) -> HttpResponse:
    was_new = topic.pk is None
    form = TopicForm(request.POST or None, instance=topic)
    if request.method == "POST" and form.is_valid():
        topics.save(topic=form.save(commit=False), text=form.cleaned_data["text"], by=request.user, now=timezone.now())
        toasts.push(request, _("Saved."))
        return redirect("profiles:topic-list")
    context = {
        "form": form,
        "topic": None if was_new else get_object_or_404(Topic, pk=topic.pk),
        "text": None if was_new else topics.text_of(topic),
        "base_url": settings.BASE_URL,
    }
    return render(request, "profiles/topic_edit.html", context, status=422 if form.errors else 200)
