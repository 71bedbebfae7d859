"""What do staff keep of the list of people? Views with a name, and changes of many people at once."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class PeopleView(models.Model):
    """Filters, order and columns of the list of people under a name; `query` is the address without its page."""

    name = models.CharField(_("name"), max_length=80)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    is_shared = models.BooleanField(_("everybody sees it"), default=False)
    query = models.TextField(max_length=4_000, blank=True)
    starred_by = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+")
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        mark = f"{self.query}&" if self.query else ""
        return f"{reverse('profiles:person-list')}?{mark}view={self.pk}"


class PeopleAction(models.Model):
    """One change of many people, done in the background; `params` are those of its kind (profiles.people.actions)."""

    class State(models.TextChoices):
        RUNNING = "running", _("Under way")
        DONE = "done", _("Done")
        UNDOING = "undoing", _("Being taken back")
        UNDONE = "undone", _("Taken back")

    kind = models.CharField(max_length=24)
    params = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=State.choices, default=State.RUNNING)
    people_total = models.IntegerField()
    people_done = models.IntegerField(default=0)
    people_changed = models.IntegerField(default=0)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["id"], name="people_action_under_way", condition=models.Q(state__in=["running", "undoing"]))
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.people_total}"

    def get_absolute_url(self) -> str:
        return reverse("profiles:action-detail", args=[self.pk])

    @property
    def is_under_way(self) -> bool:
        return self.state in (self.State.RUNNING, self.State.UNDOING)


class PeopleActionRow(models.Model):
    """One person of an action. `before` is [whether there was a value, the value] once the person was changed."""

    action = models.ForeignKey(PeopleAction, models.CASCADE, related_name="rows")
    profile = models.ForeignKey("profiles.Profile", models.CASCADE, related_name="+")
    is_waiting = models.BooleanField(default=True)
    before = models.JSONField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["action", "profile"], name="people_action_row_once")]
        indexes: ClassVar = [
            models.Index(fields=["action", "id"], name="people_action_waiting", condition=models.Q(is_waiting=True))
        ]

    def __str__(self) -> str:
        return f"{self.profile_id} of {self.action_id}"
