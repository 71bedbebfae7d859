"""What do staff note on a person's page? Added, edited by the author, pinned, thrown away with a way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from omni import toasts
from omni.roles import Right, require
from profiles.forms.people import NoteForm
from profiles.models import Note, Profile
from profiles.person import notes
from profiles.views import person_page

if TYPE_CHECKING:
    from omni.middleware import StaffRequest


@require(Right.EDIT_PEOPLE)
@require_POST
def note_create(request: StaffRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(Profile.objects.surviving(), pk=pk)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return person_page.show(request, person, forms={"notes": form})
    notes.add(person=person, text=form.cleaned_data["text"], by=request.user, now=timezone.now())
    toasts.push(request, _("Noted."))
    return redirect(person)


@require(Right.EDIT_PEOPLE)
@require_POST
def note_edit(request: StaffRequest, pk: int, note_id: int) -> HttpResponse:
    note, form = _note(pk, note_id), NoteForm(request.POST)
    if not form.is_valid():
        toasts.push(request, _("A note has at least one word."), tone="danger")
    elif not notes.edit(note=note, text=form.cleaned_data["text"], by=request.user, now=timezone.now()):
        raise PermissionDenied
    return _back(note)


@require(Right.EDIT_PEOPLE)
@require_POST
def note_pin(request: StaffRequest, pk: int, note_id: int) -> HttpResponse:
    note = _note(pk, note_id)
    notes.pin(note=note, is_pinned=note.pinned_at is None, now=timezone.now())
    return _back(note)


@require(Right.EDIT_PEOPLE)
@require_POST
def note_delete(request: StaffRequest, pk: int, note_id: int) -> HttpResponse:
    note = _note(pk, note_id)
    if not notes.delete(note=note, by=request.user, now=timezone.now()):
        raise PermissionDenied
    toasts.push(request, _("The note is gone."), undo_url=reverse("profiles:note-restore", args=[pk, note_id]))
    return _back(note)


@require(Right.EDIT_PEOPLE)
@require_POST
def note_restore(request: StaffRequest, pk: int, note_id: int) -> HttpResponse:
    note = _note(pk, note_id)
    notes.restore(note=note, by=request.user)
    return _back(note)


def _note(pk: int, note_id: int) -> Note:
    """Return a note about this person or one of its origins; 404 for one about somebody else."""
    person = get_object_or_404(Profile.objects.surviving(), pk=pk)
    return get_object_or_404(Note, pk=note_id, profile__in=[person.pk, *person.origins.values_list("pk", flat=True)])


def _back(note: Note) -> HttpResponse:
    return redirect("profiles:person-detail", note.profile.merged_into_id or note.profile_id)
