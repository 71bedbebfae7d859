"""What does the evidence say? Reads only what the sink wrote down and the database; knows nothing of the senders."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from campaigns.models import Delivery, Enrolment, Work
from campaigns.tests.delivery.office import Office
from profiles.models import Event


@dataclass(frozen=True)
class Evidence:
    """What the other side took (key, hash of the letter), whom it was asked about, and which answers it lost."""

    taken: list[tuple[str, str]]
    asked: set[str] | None  # addresses; None where nobody keeps them
    lost: set[str] = field(default_factory=set)


def faults(*, office: Office, letters: int, evidence: Evidence, kills: int, is_keyed: bool) -> list[str]:
    """Return every broken promise in words; [] when all hold."""
    rows = list(Delivery.objects.filter(campaign=office.campaign))
    by_key = {str(row.key): row for row in rows}
    times = Counter(key for key, _ in evidence.taken)
    sent = {key for key, row in by_key.items() if row.state == "sent"}
    unclear = {key for key, row in by_key.items() if row.state == "unknown"}
    told = Counter(Event.objects.filter(name__name="Message sent").values_list("properties__delivery", flat=True))
    broken = [
        *_if(len(rows) != letters, f"{letters - len(rows)} rows are missing from the ledger"),
        *_if(len(sent) + len(unclear) != letters, f"ends other than sent and unclear: {Counter(row.state for row in rows)}"),
        *_if(Work.objects.exists(), f"{Work.objects.count()} rows are left in the queue"),
        *(f"{key} was taken {count} times" for key, count in times.items() if count > 1),
        *(f"{key} is called sent but nobody took it" for key in sent - set(times)),
        *(f"{key} was taken but is not even called unclear" for key in set(times) - sent - unclear),
        *(f"{key} was taken but is unknown to the ledger" for key in set(times) - set(by_key)),
        *(f"{key} was sent with other words than are kept" for key, digest in evidence.taken if by_key[key].body_hash != digest),
        *_if(is_keyed and bool(unclear), f"{len(unclear)} are unclear although the provider knows keys"),
        *_if(
            len(unclear) > len(evidence.lost) + kills,
            f"{len(unclear)} unclear is more than {len(evidence.lost)} lost answers and {kills} kills explain",
        ),
        *(
            f"{key} is unclear but its hand-over never began"
            for key in unclear
            if evidence.asked is not None and by_key[key].address not in evidence.asked
        ),
        *_if(set(told) != {by_key[key].pk for key in sent}, "the timelines do not tell of exactly those that were sent"),
        *(f"delivery {pk} is told {count} times" for pk, count in told.items() if count > 1),
        *_if(
            Enrolment.objects.filter(campaign=office.campaign, state="active", due_at=None).exists(),
            "somebody's journey was not woken",
        ),
    ]
    return broken


def _if(is_broken: bool, words: str) -> list[str]:
    return [words] if is_broken else []
