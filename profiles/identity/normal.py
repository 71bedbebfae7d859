"""What is the one spelling of this identifier, and is it one at all?"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import phonenumbers
from django.conf import settings
from email_validator import EmailNotValidError, validate_email

from profiles.identity import rules
from profiles.models import Identifier

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_VALUE = 255
LONGEST_LOCAL_PART, LONGEST_EMAIL = 64, 254  # RFC 5321

_ONLY_FILLERS = re.compile(r"^[0\-–—_.\s]*$")
_UNSPEAKABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # control characters and halves of characters
_BLOCKED = frozenset(
    {"-1", "null", "nil", "none", "nan", "undefined", "anonymous", "unknown", "n/a", "na", "true", "false", "[object object]"}
)
_BLOCKED_MAILBOXES = frozenset({"null", "none", "undefined", "anonymous", "noemail", "no-email"})
# What nearly every address looks like: its local part needs no parser.
_PLAIN_EMAIL = re.compile(r"^([a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*)@([a-z0-9.-]+)$")
_PLAIN_PHONE = re.compile(r"^\+([1-9][0-9]{7,14})$")
_TEST_DOMAIN = re.compile(r"^(test|example|asdf|qwerty)\.")
_TELEGRAM_NAME = re.compile(r"^@?([a-z][a-z0-9_]{3,31})$", re.IGNORECASE | re.ASCII)
_TELEGRAM_LINK = re.compile(
    r"^(?:(?:https?://)?(?:t|telegram)\.(?:me|dog)/|tg://resolve\?domain=)([a-z0-9_]+)/?$", re.IGNORECASE | re.ASCII
)
_TELEGRAM_ID = re.compile(r"^[1-9][0-9]{4,19}$", re.ASCII)
_LINKEDIN_HOST = re.compile(r"^(?:[a-z]{2,3}\.)?(?:www\.)?linkedin\.com$")
_LINKEDIN_PATH = re.compile(r"^/?(in|pub|company|school)/([^/?#\s]{2,100})(?:/.*)?$", re.IGNORECASE)
_SAME_DIGIT = re.compile(r"(\d)\1{6,}$")  # +7 977 777-77-77 and the like: typed to get past a form


def normalize(kind: str, value: object, *, region: str | None = None) -> str | None:
    """Return the one spelling of `value` as an identifier of type `kind`; None for what names nobody.

    None stands for empty, too long or malformed values and for fillers such as "null" or "0". `region` ("BG", "RU") is the
    country of phone numbers written without one; by default the installation's PHONE_REGION. Idempotent.
    """
    text = _text(value)
    if text is None or _ONLY_FILLERS.match(text) or text.casefold() in _BLOCKED:
        return None
    found = _spelled(kind, text, settings.PHONE_REGION if region is None else region)
    return None if found is None or rules.remembered().blocks(kind, found) else found


def _spelled(kind: str, text: str, region: str) -> str | None:
    if kind == Identifier.Type.EMAIL:
        return _stable(_email, text)
    if kind == Identifier.Type.PHONE:
        return _phone(text, region)
    if kind == Identifier.Type.TELEGRAM:
        return _telegram(text)
    if kind == Identifier.Type.LINKEDIN:
        return _stable(_linkedin, text)
    return text


def _text(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, float):
        if not value.is_integer():
            return None
        value = int(value)
    if isinstance(value, int) and value.bit_length() > 256:
        return None
    text = str(value).strip()
    if not text or len(text) > LONGEST_VALUE or (not text.isprintable() and _UNSPEAKABLE.search(text)):
        return None
    return text


def _email(text: str) -> str | None:
    if text.isascii() and (plain := _PLAIN_EMAIL.match(text.lower())):
        return _plain_email(plain[1], plain[2])
    try:
        # Reserved domains such as "shop.test" are somebody's rehearsal, not a mistake.
        found = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    return _joined(found.local_part.lower(), found.ascii_domain.lower())


def _plain_email(local: str, domain: str) -> str | None:
    known = _plain_domain(domain)
    if known is None or len(local) > LONGEST_LOCAL_PART or len(local) + 1 + len(known) > LONGEST_EMAIL:
        return None
    return _joined(local, known)


@lru_cache(maxsize=20_000)
def _plain_domain(domain: str) -> str | None:
    """Return the one spelling of a domain. Remembered: an audience has few domains, and a parser needs long for each."""
    try:
        return str(validate_email(f"a@{domain}", check_deliverability=False, test_environment=True).ascii_domain.lower())
    except EmailNotValidError:
        return None


def _joined(local: str, domain: str) -> str | None:
    if local in _BLOCKED_MAILBOXES or (local == "test" and _TEST_DOMAIN.match(domain)):
        return None
    address = f"{local}@{domain}"
    return address if len(address) <= LONGEST_VALUE else None


def _stable(normal: Callable[[str], str | None], text: str) -> str | None:
    # Lower-casing and composing rare letters may take two rounds; what never settles is no address.
    once = normal(text)
    return once if once is not None and normal(once) == once else None


def _phone(text: str, region: str) -> str | None:
    if not region and text.startswith("00"):
        text = f"+{text[2:]}"  # how most of the world dials abroad; with a region the parser knows its way
    if (plain := _PLAIN_PHONE.match(text)) and (known := _plain_phone(plain[1])) is not None:
        return known or None
    try:
        number = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number) or number.extension:
        return None
    if _SAME_DIGIT.search(str(number.national_number)):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _plain_phone(digits: str) -> str | None:
    """Return the spelling of a number that was written in it already, '' for a filler, None for what needs the parser."""
    country = next((digits[:size] for size in (1, 2, 3) if int(digits[:size]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE), "")
    if not country:
        return None
    lengths, prefix = _numbering(int(country))
    rest = digits[len(country) :]
    if len(rest) not in lengths or rest[0] == "0" or (prefix is not None and prefix.match(rest)):
        return None
    return "" if _SAME_DIGIT.search(rest) else f"+{digits}"


@lru_cache(maxsize=300)
def _numbering(country: int) -> tuple[frozenset[int], re.Pattern[str] | None]:
    """Return how many digits numbers of a calling code have, and what is dialed before them within the country."""
    region = phonenumbers.region_code_for_country_code(country)
    plan: Any = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(country, region)
    prefix = plan.national_prefix_for_parsing
    return frozenset(plan.general_desc.possible_length), re.compile(prefix) if prefix else None


def _telegram(text: str) -> str | None:
    """Return "@name" or the number of the account."""
    if link := _TELEGRAM_LINK.match(text):
        text = link[1]
    if _TELEGRAM_ID.match(text):
        return text
    name = _TELEGRAM_NAME.match(text)
    return f"@{name[1].lower()}" if name else None


def _linkedin(text: str) -> str | None:
    """Return "linkedin.com/in/name" whatever country, protocol, tail and case the address has."""
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host = (parts.hostname or "").lower()
    except ValueError:
        return None
    path = parts.path if _LINKEDIN_HOST.match(host) else text
    found = _LINKEDIN_PATH.match(path)
    if not found:
        return None
    name = unquote(found[2]).lower().strip()
    return f"linkedin.com/{found[1].lower()}/{name}" if name and not _UNSPEAKABLE.search(name) and "/" not in name else None
