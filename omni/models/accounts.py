"""Who works here, and which programs may act for them?"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any, ClassVar

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class Company(models.Model):
    """The one company of this installation (a single row, id 1)."""

    name = models.CharField(_("name"), max_length=120)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    language = models.CharField(_("language"), max_length=8, default="en")
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    postal_address = models.TextField(
        _("postal address"), blank=True, help_text=_("Printed at the foot of letters, as the law asks.")
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="company_single_row")]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def load(cls) -> Company:
        """Return the company, made with defaults when the installation is new. Costs one query."""
        return cls.objects.get_or_create(id=1, defaults={"name": "My company"})[0]


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, role=User.Role.OWNER, is_staff=True, is_superuser=True, **fields)


class User(AbstractUser):
    class Role(models.TextChoices):
        OWNER = "owner", _("Owner")
        MARKETER = "marketer", _("Marketer")
        ANALYST = "analyst", _("Analyst")
        SUPPORT = "support", _("Support")

    username = None  # type: ignore[assignment]
    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    role = models.CharField(_("role"), max_length=16, choices=Role.choices, default=Role.MARKETER)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    language = models.CharField(_("language"), max_length=8, blank=True)
    theme = models.CharField(_("theme"), max_length=8, blank=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.name or self.email


class ApiKey(models.Model):
    """A program's right to call the API. Only the hash is kept; the key is shown once."""

    name = models.CharField(_("name"), max_length=120)
    prefix = models.CharField(max_length=12, unique=True)
    hash = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    latest_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @classmethod
    def issue(cls, *, name: str, scopes: list[str], by: User) -> tuple[ApiKey, str]:
        """Make a key; return the row and the secret text, which cannot be had again."""
        prefix = secrets.token_hex(4)
        secret = f"omni_{prefix}_{secrets.token_urlsafe(32)}"
        return cls.objects.create(name=name, prefix=prefix, hash=cls.digest(secret), scopes=scopes, created_by=by), secret

    @staticmethod
    def digest(secret: str) -> str:
        # The secret has 256 random bits, so a plain hash cannot be searched.
        return hashlib.sha256(secret.encode()).hexdigest()
