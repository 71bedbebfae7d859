"""How are many addresses checked at once: facts gathered outside of any transaction, verdicts written in one?"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import models, transaction

from profiles import identity
from profiles.hygiene import asking, domains, history, lists, phones, syntax, typos, verdict
from profiles.hygiene.asking import Asked
from profiles.hygiene.history import Past
from profiles.hygiene.resolver import Dns, Found, Resolver
from profiles.hygiene.syntax import Read
from profiles.hygiene.verdict import REASONS, Facts
from profiles.hygiene.verifiers import Answer
from profiles.models import AddressCheck, HygienePolicy

Subject = tuple[str, str]  # (kind, address)
EMAIL, PHONE = "email", "phone"

LOOKUP_SECONDS = 25.0  # of one batch
# After so many looks that told nothing: the next one, and none after the last.
RETRIES = (timedelta(minutes=15), timedelta(hours=2), timedelta(hours=12), timedelta(days=2), timedelta(days=7))
STALE_AFTER = timedelta(minutes=5)  # another worker takes a due look over after so long
BATCH = 200

FIELDS = (
    *("state", "reason", "score", "method", "provider", "is_free", "is_role", "is_disposable", "is_accept_all"),
    *("suggestion", "answer", "answered_by", "answered_at", "checked_at", "expires_at", "retry_at", "tries"),
)


@dataclass(frozen=True)
class Gathered:
    """What was found out about an e-mail address, before the verdict. `found` None: nobody looked the domain up."""

    read: Read
    past: Past
    found: Found | None
    suggestion: str
    answer: str = ""


def check(
    subjects: Collection[Subject],
    *,
    policy: HygienePolicy,
    now: datetime,
    resolver: Resolver | None = None,
    pays: bool = False,
    run_id: int | None = None,
) -> Asked:
    """Find out and write down what these addresses are worth; return what was asked of the verifier.

    1. Read syntax, lists, our own history (few queries for a batch).
    2. Look domains up, at most LOOKUP_SECONDS long.
    3. With `pays`, ask the verifier about those that nothing else decides and that have no answer yet.
    4. Write the verdicts.

    Talks to the network: never in a web request or a transaction.
    """
    emails = sorted({address for kind, address in subjects if kind == EMAIL})
    gathered = gather(emails, policy=policy, now=now, resolver=resolver or Dns())
    asked = Asked()
    if pays and asking.is_ready(policy):
        asked = asking.ask(addresses=_worth_asking(gathered, policy, now), policy=policy, run_id=run_id, now=now)
    write(gathered, answers=asked.answers, policy=policy, now=now)
    write_phones({address for kind, address in subjects if kind == PHONE}, policy=policy, now=now)
    return asked


def gather(emails: Collection[str], *, policy: HygienePolicy, now: datetime, resolver: Resolver | None) -> dict[str, Gathered]:
    """Return what is known about these e-mail addresses, by address. Without a resolver only what is remembered."""
    reads = {text: syntax.read(text) for text in emails}
    wanted = {read.domain for read in reads.values() if read.is_address}
    if resolver is not None and policy.looks_up_domains:
        found = domains.find(wanted, resolver=resolver, within_seconds=LOOKUP_SECONDS, now=now)
    else:
        found = domains.known(wanted, now=now)
    past, common = history.of(emails, now=now), domains.common()
    return {
        text: Gathered(read, past.get(text, Past()), found.get(read.domain), typos.suggest(read, common=common))
        for text, read in reads.items()
    }


@transaction.atomic
def write(gathered: Mapping[str, Gathered], *, answers: Mapping[str, Answer], policy: HygienePolicy, now: datetime) -> None:
    """Write the verdicts. Answers that are stored and still believed count as if they were given now."""
    held = {row.address: row for row in _held(EMAIL, gathered).order_by("address").select_for_update()}
    rows = []
    for address in sorted(gathered):
        row = held.get(address) or AddressCheck(kind=EMAIL, address=address)
        if new := answers.get(address):
            row.answer, row.answered_by, row.answered_at = new, policy.verifier, now
        believed = row.answer if _is_believed(row, policy, now) else ""
        _judge(row, replace(gathered[address], answer=believed), policy, now)
        rows.append(row)
    _save(rows)


@transaction.atomic
def write_phones(numbers: Collection[str], *, policy: HygienePolicy, now: datetime) -> None:
    rows = []
    for number in sorted(numbers):
        reason = phones.reason_of(number)
        row = AddressCheck(kind=PHONE, address=number)
        _set(row, reason, policy, now)
        rows.append(row)
    _save(rows)


def quick(address: str, *, policy: HygienePolicy, now: datetime) -> AddressCheck:
    """Return the verdict on an e-mail address from what is known already, and ask for a deeper look soon.

    For a form that waits: nothing is asked of the network. A verdict that is still believed comes back as it is.
    """
    read = syntax.read(address)
    stored = AddressCheck.objects.filter(kind=EMAIL, address=read.address).first()
    if stored is not None and stored.expires_at and stored.expires_at > now and stored.state != AddressCheck.State.UNKNOWN:
        return stored
    gathered = gather([read.address], policy=policy, now=now, resolver=None)
    write(gathered, answers={}, policy=policy, now=now)
    row = AddressCheck.objects.get(kind=EMAIL, address=read.address)
    if read.is_address and gathered[read.address].found is None and policy.looks_up_domains:
        row.retry_at, row.expires_at = row.retry_at or now, now
        AddressCheck.objects.filter(pk=row.pk).update(retry_at=row.retry_at, expires_at=now)
    return row


def quick_phone(number: str, *, policy: HygienePolicy, now: datetime) -> AddressCheck:
    """Return the verdict on a phone number; its plan says everything there is to say."""
    normal = identity.normalize(PHONE, number) or " ".join(number.split())[: syntax.LONGEST]
    write_phones([normal], policy=policy, now=now)
    return AddressCheck.objects.get(kind=PHONE, address=normal)


def retry(*, policy: HygienePolicy, now: datetime, resolver: Resolver | None = None) -> int:
    """Look again at addresses whose next look is due, at most BATCH; return how many. Who once asked a verifier asks again."""
    with transaction.atomic():
        due = AddressCheck.objects.filter(retry_at__lte=now).order_by("retry_at", "pk")
        taken = list(due.select_for_update(skip_locked=True)[:BATCH])
        # Due again should this worker die.
        AddressCheck.objects.filter(pk__in=[row.pk for row in taken]).update(retry_at=now + STALE_AFTER)
    for pays in (False, True):
        subjects = [(row.kind, row.address) for row in taken if bool(row.answered_by) is pays]
        if subjects:
            check(subjects, policy=policy, now=now, resolver=resolver, pays=pays)
    return len(taken)


def facts_of(gathered: Gathered, *, is_refused: bool = False) -> Facts:
    """Return the facts for the verdict. `is_refused`: a person said that the spelling is right."""
    read = gathered.read
    return Facts(
        is_address=read.is_address,
        hard_bounced_at=gathered.past.hard_bounced_at,
        human_at=gathered.past.human_at,
        domain_outcome=gathered.found.outcome if gathered.found else None,
        is_disposable=lists.is_disposable(read.domain),
        is_role=lists.is_role(read.local) if read.is_address else False,
        is_low_quality=lists.is_low_quality(read.local) if read.is_address else False,
        is_misspelt=bool(gathered.suggestion) and not is_refused,
        answer=gathered.answer,
    )


def _worth_asking(gathered: Mapping[str, Gathered], policy: HygienePolicy, now: datetime) -> list[str]:
    """Return the addresses that nothing decides for free and that were not answered already."""
    answered = {row.address for row in _held(EMAIL, gathered) if _is_believed(row, policy, now) and Answer(row.answer).is_final}
    undecided = [text for text, one in gathered.items() if verdict.decide(facts_of(one)) in verdict.UNDECIDED]
    return sorted(set(undecided) - answered)


def _is_believed(row: AddressCheck, policy: HygienePolicy, now: datetime) -> bool:
    return bool(row.answer and row.answered_at and row.answered_at > now - timedelta(days=policy.keep_days))


def _held(kind: str, addresses: Collection[str]) -> models.QuerySet[AddressCheck]:
    return AddressCheck.objects.filter(kind=kind, address__in=list(addresses))


def _judge(row: AddressCheck, gathered: Gathered, policy: HygienePolicy, now: datetime) -> None:
    is_refused = row.suggestion_refused_at is not None and row.suggestion == gathered.suggestion
    facts = facts_of(gathered, is_refused=is_refused)
    reason = verdict.decide(facts)
    domain, host = gathered.read.domain, gathered.found.mail_host if gathered.found else ""
    row.provider = lists.provider_of(domain, host) if domain else ""
    row.is_free, row.is_disposable = lists.is_free(domain), facts.is_disposable
    row.is_role = facts.is_role
    row.is_accept_all = facts.answer == Answer.ACCEPT_ALL
    # Somebody reads it, so nothing is misspelt.
    row.suggestion = gathered.suggestion if reason != "human_act" else ""
    _set(row, reason, policy, now)


def _set(row: AddressCheck, reason: str, policy: HygienePolicy, now: datetime) -> None:
    told = REASONS[reason]
    row.reason, row.state, row.score, row.checked_at = reason, told.state, told.score, now
    is_by_verifier = told.method == "verifier" or (reason == "timeout" and row.answer)
    row.method = f"verifier:{row.answered_by}" if is_by_verifier else told.method
    if told.state == AddressCheck.State.UNKNOWN:
        row.retry_at = now + RETRIES[row.tries] if row.tries < len(RETRIES) else None
        row.tries = min(row.tries + 1, len(RETRIES))
        row.expires_at = row.retry_at or now + RETRIES[-1]
    else:
        row.tries, row.retry_at, row.expires_at = 0, None, now + timedelta(days=policy.keep_days)


def _save(rows: Sequence[AddressCheck]) -> None:
    for row in rows:
        row.pk = None  # found again by kind and address
    AddressCheck.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["kind", "address"], update_fields=list(FIELDS), batch_size=1_000
    )
