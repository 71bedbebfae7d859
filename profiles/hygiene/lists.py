"""What do lists alone say about an address: throw-away, a role instead of a person, whose mailboxes, a filler?"""

from __future__ import annotations

import re
from functools import lru_cache

from disposable_email_domains import blocklist

# The mailbox provider by domain: who decides whether letters arrive.
PROVIDERS: dict[str, tuple[str, ...]] = {
    "gmail": ("gmail.com", "googlemail.com"),
    "microsoft": ("outlook.com", "hotmail.com", "live.com", "msn.com", "hotmail.co.uk", "hotmail.fr", "hotmail.de", "outlook.de"),
    "yahoo": ("yahoo.com", "ymail.com", "rocketmail.com", "yahoo.co.uk", "yahoo.de", "yahoo.fr", "yahoo.co.in", "aol.com"),
    "apple": ("icloud.com", "me.com", "mac.com"),
    "mail.ru": ("mail.ru", "bk.ru", "inbox.ru", "list.ru", "internet.ru"),
    "yandex": ("yandex.ru", "ya.ru", "yandex.com", "yandex.by", "yandex.kz", "yandex.ua", "narod.ru"),
    "rambler": ("rambler.ru", "lenta.ru", "autorambler.ru", "myrambler.ru", "ro.ru"),
    "gmx": ("gmx.de", "gmx.net", "gmx.com", "gmx.at", "gmx.ch", "web.de", "mail.com"),
    "t-online": ("t-online.de",),
    "orange": ("orange.fr", "wanadoo.fr"),
    "free.fr": ("free.fr", "laposte.net", "sfr.fr"),
    "libero": ("libero.it", "virgilio.it", "tiscali.it"),
    "wp": ("wp.pl", "o2.pl", "tlen.pl"),
    "onet": ("onet.pl", "op.pl", "vp.pl", "poczta.onet.pl", "onet.eu", "interia.pl", "gazeta.pl"),
    "seznam": ("seznam.cz", "email.cz", "centrum.cz", "post.cz", "azet.sk", "zoznam.sk"),
    "abv": ("abv.bg", "mail.bg", "dir.bg", "gbg.bg"),
    "ukr.net": ("ukr.net", "i.ua", "meta.ua", "bigmir.net"),
    "proton": ("protonmail.com", "proton.me", "pm.me"),
    "qq": ("qq.com", "163.com", "126.com", "sina.com", "foxmail.com"),
    "naver": ("naver.com", "hanmail.net", "daum.net"),
}
# By the end of the mail server's name, for domains of companies.
MAIL_HOSTS: tuple[tuple[str, str], ...] = (
    ("google.com", "gmail"),
    ("googlemail.com", "gmail"),
    ("outlook.com", "microsoft"),
    ("yandex.net", "yandex"),
    ("yandex.ru", "yandex"),
    ("mail.ru", "mail.ru"),
    ("icloud.com", "apple"),
    ("protonmail.ch", "proton"),
    ("yahoodns.net", "yahoo"),
)
_PROVIDER_OF = {domain: provider for provider, domains in PROVIDERS.items() for domain in domains}
FREE = frozenset(_PROVIDER_OF)

ROLES = frozenset(
    """abuse accounting accounts admin administrator billing booking buh bookkeeping contact contacts customercare director
    enquiries feedback finance hello help helpdesk hostmaster hr info inquiries invoice invoices it job jobs kontakt legal mail
    marketing media news newsletter no-reply noreply office order orders postmaster pr press privacy purchase reception
    reklama reservations root sales sale secretary security service shop spam staff subscribe support team tech unsubscribe
    web webmaster zakaz zakupki biuro sklep""".split()  # noqa: SIM905  (a list of words is read more easily)
)
_FILLERS = frozenset(
    """aaa aaaa abc abcd asd asdf asdfg asdfgh qwe qwer qwert qwerty zxc zxcv test tester testing xxx xyz 123 1234
    12345 123456 1111 0000 fake nope nomail none.none""".split()  # noqa: SIM905
)
_ONE_LETTER = re.compile(r"(.)\1{3,}$")


def provider_of(domain: str, mail_host: str = "") -> str:
    """Return whose mailboxes these are; '' for a company's own server or one nobody knows."""
    if known := _PROVIDER_OF.get(domain):
        return known
    host = mail_host.lower().rstrip(".")
    return next((provider for end, provider in MAIL_HOSTS if host == end or host.endswith(f".{end}")), "")


def is_free(domain: str) -> bool:
    return domain in FREE


@lru_cache(maxsize=20_000)
def is_disposable(domain: str) -> bool:
    """Say whether the domain, or one above it, gives mailboxes for ten minutes."""
    parts = domain.split(".")
    return any(".".join(parts[start:]) in blocklist for start in range(len(parts) - 1))


def is_role(local: str) -> bool:
    """Say whether the mailbox is of a task instead of a person."""
    return local.partition("+")[0] in ROLES


def is_low_quality(local: str) -> bool:
    """Say whether the mailbox reads like fingers on a keyboard: typed to get past a form."""
    plain = local.partition("+")[0]
    return plain in _FILLERS or _ONE_LETTER.match(plain) is not None
