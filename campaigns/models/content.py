"""What do messages say? Templates under edit, and the compiled content that a published step is pinned to."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class Template(models.Model):
    """Content under edit. `body` is MJML or HTML with Liquid in it; `subject` and `preheader` are Liquid too."""

    class Markup(models.TextChoices):
        MJML = "mjml", _("MJML")
        HTML = "html", _("HTML")

    name = models.CharField(_("name"), max_length=160)
    channel = models.CharField(max_length=16, default="email")
    subject = models.CharField(_("subject"), max_length=400, blank=True)
    preheader = models.CharField(_("preheader"), max_length=400, blank=True)
    markup = models.CharField(_("markup"), max_length=8, choices=Markup.choices, default=Markup.MJML)
    body = models.TextField(_("body"), blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("campaigns:template-detail", args=[self.pk])


class Content(models.Model):
    """A template compiled for one variant of one published step; never changed, so a retry is byte-identical.

    `html` and `text` are Liquid in which every link is `{{ omni.links[n] }}` (n counts from 0, see Link) and the open
    pixel is `{{ omni.pixel }}`; the unsubscribe page is `{{ unsubscribe_url }}`, the
    preferences `{{ preferences_url }}`.
    """

    step = models.ForeignKey("campaigns.Step", models.CASCADE, null=True, related_name="contents")  # None: test sends
    variant = models.CharField(max_length=8)  # "A", "B"
    share = models.PositiveSmallIntegerField()  # weight among the variants of the step
    template = models.ForeignKey(Template, models.SET_NULL, null=True, related_name="+")
    sender = models.ForeignKey("campaigns.Sender", models.PROTECT, related_name="+")
    subject = models.TextField()
    preheader = models.TextField(blank=True)
    html = models.TextField()
    text = models.TextField()
    hash = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["step", "variant"], name="content_once")]

    def __str__(self) -> str:
        return f"{self.step_id} {self.variant}"


class Link(models.Model):
    """The target of one tracked link of a content; the click address carries only a signed number."""

    content = models.ForeignKey(Content, models.CASCADE, related_name="links")
    position = models.PositiveSmallIntegerField()
    url = models.TextField()  # Liquid when it contains {{ }}
    label = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["content", "position"], name="link_once")]

    def __str__(self) -> str:
        return self.url


class TrialSend(models.Model):
    """A letter sent to try a template out; it belongs to no campaign and counts nowhere."""

    template = models.ForeignKey(Template, models.CASCADE, related_name="trials")
    sender = models.ForeignKey("campaigns.Sender", models.SET_NULL, null=True, related_name="+")
    address = models.CharField(max_length=255)
    profile_id = models.BigIntegerField(null=True)  # as whom it was rendered
    subject = models.TextField(blank=True)
    key = models.UUIDField(unique=True)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    result = models.CharField(max_length=12)  # "sent", "failed", "unknown"
    detail = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["template", "-at"])]

    def __str__(self) -> str:
        return f"{self.address}: {self.result}"
