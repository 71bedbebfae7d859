"""Which address was probably meant? Slips of the domain, and marks that no address has."""

from __future__ import annotations

import re
from collections.abc import Collection

from rapidfuzz.distance import OSA

from profiles.hygiene import lists, syntax

# Slips seen again and again that the distance alone would not dare to mend.
KNOWN = {
    "gmail.co": "gmail.com",
    "gmail.cm": "gmail.com",
    "gmail.con": "gmail.com",
    "gmail.ocm": "gmail.com",
    "gmai.com": "gmail.com",
    "gmal.com": "gmail.com",
    "gmil.com": "gmail.com",
    "gnail.com": "gmail.com",
    "gamil.com": "gmail.com",
    "gmial.com": "gmail.com",
    "gmaill.com": "gmail.com",
    "gmail.ru": "gmail.com",
    "gmail.bg": "gmail.com",
    "hotmial.com": "hotmail.com",
    "hotmai.com": "hotmail.com",
    "hotmail.con": "hotmail.com",
    "outlok.com": "outlook.com",
    "yaho.com": "yahoo.com",
    "yahoo.con": "yahoo.com",
    "yahooo.com": "yahoo.com",
    "iclod.com": "icloud.com",
    "icloud.con": "icloud.com",
    "mail.r": "mail.ru",
    "meil.ru": "mail.ru",
    "maill.ru": "mail.ru",
    "mai.ru": "mail.ru",
    "mail.ry": "mail.ru",
    "mali.ru": "mail.ru",
    "yandeks.ru": "yandex.ru",
    "yndex.ru": "yandex.ru",
    "yandex.r": "yandex.ru",
    "ynadex.ru": "yandex.ru",
    "abv.gb": "abv.bg",
    "avb.bg": "abv.bg",
}
# Endings that do not exist, or hardly: what the fingers made of ".com" and others.
_ENDINGS = {
    "con": "com",
    "cmo": "com",
    "ocm": "com",
    "comm": "com",
    "vom": "com",
    "xom": "com",
    "coom": "com",
    "ney": "net",
    "nte": "net",
}
SHORTEST_GUESSED = 8  # "wp.pl" and "op.pl" are both right: short names are not guessed
_DOUBLE_DOT = re.compile(r"\.{2,}")


def suggest(read: syntax.Read, *, common: Collection[str] = ()) -> str:
    """Return the address that was probably meant, '' when nothing looks wrong. `common`: domains that many here have."""
    if not read.is_address:
        return _mended(read.address, common)
    domain = meant(read.domain, common=common)
    return f"{read.local}@{domain}" if domain else ""


def meant(domain: str, *, common: Collection[str] = ()) -> str:
    """Return the well-known domain that this one is a slip of, '' when it is none."""
    if domain in lists.FREE or domain in common:
        return ""
    if known := KNOWN.get(domain):
        return known
    name, _dot, ending = domain.rpartition(".")
    if name and (right := _ENDINGS.get(ending)):
        return meant(f"{name}.{right}", common=common) or f"{name}.{right}"
    if len(domain) < SHORTEST_GUESSED:
        return ""
    near = [known for known in {*lists.FREE, *common} if _is_slip(domain, known)]
    return near[0] if len(near) == 1 else ""


def _is_slip(domain: str, known: str) -> bool:
    # One slip, and not in the first letter or the ending: those make another name rather than a mistake.
    if len(known) < SHORTEST_GUESSED or abs(len(domain) - len(known)) > 1 or domain[0] != known[0]:
        return False
    if domain.rpartition(".")[2] != known.rpartition(".")[2]:
        return False
    return bool(OSA.distance(domain, known, score_cutoff=1) == 1)


def _mended(text: str, common: Collection[str]) -> str:
    bare = _DOUBLE_DOT.sub(".", text.replace(",", ".").replace(";", ".").replace(" ", "")).strip(".")
    bare = bare.replace("@@", "@").replace(".@", "@").replace("@.", "@")
    again = syntax.read(bare)
    if not again.is_address or again.address == text:
        return ""
    return suggest(again, common=common) or again.address
