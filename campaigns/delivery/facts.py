"""What must be known, and held still, to decide about a batch of messages?

Locks, always in this order: policy and campaigns (shared), enrolments, profiles by id, gates of the addresses; the queue
comes last, when the verdicts are written.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from campaigns.context import zone
from campaigns.delivery.gates import Candidate, Route, Rules
from campaigns.delivery.gates.pressure import WEEK
from campaigns.delivery.jobs import Job
from campaigns.models import Delivery, Enrolment, Policy
from omni.models import Company
from profiles import consent
from profiles.models import ContactPoint

COUNTED = (Delivery.State.OPEN, Delivery.State.SENT, Delivery.State.UNKNOWN)
OWN_CAPS = frozenset(map(str, range(1, 8)))  # what a person may wish as `letters_per_week`; anything else wishes nothing
UNKNOWN_ADDRESS = consent.Standing(False, "never_asked")


class Facts:
    """Everything the gates ask about these jobs; making it takes the locks. About ten queries for any batch."""

    def __init__(self, *, jobs: Sequence[Job], kind: str, now: datetime) -> None:
        self.now = now
        self.kind = kind
        self.rules = _rules()
        self._campaigns = _campaign_states({job.delivery.campaign_id for job in jobs})
        self._enrolments = _enrolments({job.delivery.enrolment_id for job in jobs})
        self._people, self._merged = _people({job.root_id for job in jobs if job.root_id})
        consent.lock(channel=kind, addresses={job.delivery.address for job in jobs if job.delivery.address})
        self._standings = self._load_standings(jobs)
        self._owners = self._load_owners(jobs)
        self._sets = _merge_sets(self._people)
        self._sent = self._load_sent()
        self._doubles = self._load_doubles(jobs)
        self._zone = Company.load().time_zone

    def candidate(self, job: Job) -> Candidate:
        """Return the facts about one of the jobs; cheap, no query."""
        delivery = job.delivery
        state, is_control = self._enrolments.get(delivery.enrolment_id, (Enrolment.State.LEFT, False))
        person = self._people.get(job.root_id or 0)
        account = job.account
        return Candidate(
            key=str(delivery.key),
            created_at=delivery.created_at,
            expires_at=delivery.expires_at,
            campaign_state=self._campaigns.get(delivery.campaign_id, "stopped"),
            is_enrolment_open=state == Enrolment.State.ACTIVE,
            is_control=is_control,
            is_person_known=person is not None,
            is_test_person=bool(person and person["is_test"]),
            is_restricted=bool(person and person["is_restricted"]),
            is_doubled_by_merge=delivery.pk in self._doubles,
            address=delivery.address,
            is_address_theirs=self._owners.get(delivery.address) == job.root_id,
            standing=self._standings.get((job.campaign.topic, delivery.address), UNKNOWN_ADDRESS),
            route=Route(
                is_known=job.provider is not None and account is not None,
                is_paused=bool(account and account.paused_at),
                resting_until=account.resting_until if account else None,
            ),
            error=job.error,
            is_body_changed=bool(
                job.had_doubt and job.message and delivery.body_hash and job.message.body_hash != delivery.body_hash
            ),
            sent_at=self._others(job),
            zone=zone(person["time_zone"] if person else None, self._zone),
            own_cap_per_week=person["own_cap"] if person else 0,
        )

    def is_stale(self, job: Job) -> bool:
        """Say whether the person was merged into another one after the job was prepared."""
        return job.root_id in self._merged

    def count(self, job: Job, now: datetime) -> None:
        """Count a permission of this batch, so that the next message to the same person sees it."""
        self._sent[job.root_id or 0] = [*self._others(job), now]

    def _others(self, job: Job) -> list[datetime]:
        # A hand-over in doubt that is tried again keeps its place under the caps, but not against itself.
        moments = list(self._sent.get(job.root_id or 0, []))
        if job.delivery.gate_at in moments:
            moments.remove(job.delivery.gate_at)
        return moments

    def _load_standings(self, jobs: Sequence[Job]) -> dict[tuple[str, str], consent.Standing]:
        by_topic: dict[str, set[str]] = {}
        for job in jobs:
            if job.delivery.address:
                by_topic.setdefault(job.campaign.topic, set()).add(job.delivery.address)
        return {
            (topic, address): standing
            for topic, addresses in by_topic.items()
            for address, standing in consent.standings(channel=self.kind, addresses=addresses, topic=topic, now=self.now).items()
        }

    def _load_owners(self, jobs: Sequence[Job]) -> dict[str, int]:
        points = ContactPoint.objects.filter(kind=self.kind, address__in={job.delivery.address for job in jobs})
        return dict(points.values_list("address", "profile_id"))

    def _load_sent(self) -> dict[int, list[datetime]]:
        rows = Delivery.objects.filter(profile_id__in=self._sets, gate_at__gt=self.now - WEEK, state__in=COUNTED).values_list(
            "profile_id", "gate_at"
        )
        sent: dict[int, list[datetime]] = {}
        for profile_id, gate_at in rows:
            if gate_at is not None:
                sent.setdefault(self._sets[profile_id], []).append(gate_at)
        return sent

    def _load_doubles(self, jobs: Sequence[Job]) -> set[int]:
        """Return the deliveries whose message another origin of the same person already got, or gets in this batch."""
        members = [member for member in self._sets if self._sets[member] != member]
        if not members:
            return set()
        concerned = {self._sets[member] for member in members}
        mine = [job for job in jobs if job.root_id in concerned]
        got = {
            (self._sets[profile_id], step_id, visit): pk
            for pk, profile_id, step_id, visit in Delivery.objects.filter(
                profile_id__in=[member for member, root in self._sets.items() if root in concerned],
                step_id__in={job.delivery.step_id for job in mine},
                gate_at__isnull=False,
                state__in=COUNTED,
            ).values_list("pk", "profile_id", "step_id", "visit")
        }
        doubles = set()
        for job in sorted(mine, key=lambda job: job.claim.delivery_id):
            place = (job.root_id or 0, job.delivery.step_id, job.delivery.visit)
            if got.setdefault(place, job.claim.delivery_id) != job.claim.delivery_id:
                doubles.add(job.claim.delivery_id)
        return doubles


def _rules() -> Rules:
    Policy.load()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT stopped_at IS NOT NULL, cap_per_day, cap_per_week, cap_wait_hours, quiet_from, quiet_until"
            " FROM campaigns_policy WHERE id = 1 FOR SHARE"
        )
        stopped, day, week, wait, quiet_from, quiet_until = cursor.fetchone()
    return Rules(stopped, day, week, timedelta(hours=wait), quiet_from, quiet_until)


def _campaign_states(ids: Collection[int]) -> dict[int, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, state FROM campaigns_campaign WHERE id = ANY(%s) ORDER BY id FOR SHARE", [list(ids)])
        return dict(cursor.fetchall())


def _enrolments(ids: Collection[int]) -> dict[int, tuple[str, bool]]:
    rows = Enrolment.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)
    return {pk: (state, is_control) for pk, state, is_control in rows.values_list("pk", "state", "is_control")}


def _people(roots: Collection[int]) -> tuple[dict[int, dict[str, Any]], set[int]]:
    """Return the facts about the survivors among these profiles, and the ids of those merged away meanwhile.

    They are locked, so that two messages to one person are decided one after the other.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, merged_into_id, is_test, attributes -> 'time_zone' #>> '{}',"
            " attributes -> 'letters_per_week' #>> '{}', restricted_at IS NOT NULL FROM profiles_profile"
            " WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
            [list(roots)],
        )
        rows = cursor.fetchall()
    people = {
        pk: {
            "is_test": is_test,
            "time_zone": name,
            "own_cap": int(own_cap) if own_cap in OWN_CAPS else 0,
            "is_restricted": is_restricted,
        }
        for pk, merged_into, is_test, name, own_cap, is_restricted in rows
        if merged_into is None
    }
    return people, {pk for pk, merged_into, *_ in rows if merged_into is not None}


def _merge_sets(people: Collection[int]) -> dict[int, int]:
    """Return {profile id: survivor} for the survivors and everyone merged into them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, merged_into_id FROM profiles_profile WHERE merged_into_id = ANY(%s)",
            [list(people)],
        )
        return {pk: pk for pk in people} | dict(cursor.fetchall())
