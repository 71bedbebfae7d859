"""A name system for tests: says what it was told, and counts who was asked."""

from __future__ import annotations

from dataclasses import dataclass, field

from profiles.hygiene.resolver import Found
from profiles.models import DomainCheck

Outcome = DomainCheck.Outcome
MAIL = Found(Outcome.MAIL, "mx.shop.test")


@dataclass
class Names:
    """Domains named in `answers` are so; all others take mail. `is_offline`: nothing answers."""

    answers: dict[str, str] = field(default_factory=dict)
    is_offline: bool = False
    lies: bool = False  # denies everything, as a name server without a network may
    asked: list[str] = field(default_factory=list)

    def find(self, domain: str) -> Found:
        self.asked.append(domain)
        if self.is_offline:
            return Found(Outcome.UNKNOWN)
        if self.lies:
            return Found(Outcome.NO_DOMAIN)
        return Found(self.answers[domain]) if domain in self.answers else MAIL

    def is_trustworthy(self) -> bool:
        return not self.is_offline and not self.lies
