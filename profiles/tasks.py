"""What does profiles do again and again? It empties the inbox, runs imports and keeps house."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from celery import shared_task
from django.utils import timezone

from profiles import imports, partitions
from profiles.hygiene import bounces, checking, cleaning
from profiles.ingest import house, inbox
from profiles.models import HygienePolicy
from profiles.people import actions, duplicates
from profiles.privacy import copies, erasure

DRAIN_FOR = timedelta(seconds=20)
IMPORT_FOR = timedelta(seconds=45)
ACTIONS_FOR = timedelta(seconds=30)
CLEAN_FOR = timedelta(seconds=30)
CHECK_FOR = timedelta(seconds=20)
ERASE_FOR = timedelta(seconds=30)


@shared_task(queue="ingest", name="profiles.tasks.drain_inbox")
def drain_inbox(**kwargs: Any) -> None:
    """Process what was accepted until nothing is due or DRAIN_FOR is over; the next tick goes on."""
    until = timezone.now() + DRAIN_FOR
    while timezone.now() < until and inbox.drain(now=timezone.now()):
        pass


@shared_task(queue="ingest", name="profiles.tasks.keep_house")
def keep_house(**kwargs: Any) -> None:
    """Make the tables of the coming months; throw away what is too old."""
    partitions.ensure_ahead(now=timezone.now())
    house.prune(now=timezone.now())
    imports.forget_files(now=timezone.now())
    actions.forget(now=timezone.now())
    imports.undo.forget(now=timezone.now())
    copies.forget(now=timezone.now())


@shared_task(queue="ingest", name="profiles.tasks.run_imports")
def run_imports(**kwargs: Any) -> None:
    """Work on imports, their trials and undos until none is due or IMPORT_FOR is over; the next tick goes on."""
    until = timezone.now() + IMPORT_FOR
    for run in (imports.trial.run, imports.undo.run, imports.run):
        while timezone.now() < until and run(clock=timezone.now, until=until):
            pass


@shared_task(queue="ingest", name="profiles.tasks.suggest_duplicates")
def suggest_duplicates(**kwargs: Any) -> None:
    """Look for pairs of people who may be one."""
    duplicates.suggest(now=timezone.now())


@shared_task(queue="ingest", name="profiles.tasks.run_actions")
def run_actions(**kwargs: Any) -> None:
    """Change many people until nothing is waiting or ACTIONS_FOR is over; the next tick goes on."""
    until = timezone.now() + ACTIONS_FOR
    while timezone.now() < until and actions.run(now=timezone.now()):
        pass


@shared_task(queue="hygiene", name="profiles.tasks.run_cleanings")
def run_cleanings(**kwargs: Any) -> None:
    """Work on runs of list cleaning until none is due or CLEAN_FOR is over; the next tick goes on."""
    until = timezone.now() + CLEAN_FOR
    while timezone.now() < until and cleaning.run(clock=timezone.now, until=until):
        pass


@shared_task(queue="hygiene", name="profiles.tasks.check_addresses")
def check_addresses(**kwargs: Any) -> None:
    """Look at addresses whose next look is due until none is or CHECK_FOR is over."""
    until, policy = timezone.now() + CHECK_FOR, HygienePolicy.current()
    while timezone.now() < until and checking.retry(policy=policy, now=timezone.now()):
        pass


@shared_task(queue="hygiene", name="profiles.tasks.heed_bounces")
def heed_bounces(**kwargs: Any) -> None:
    """Block addresses whose letters keep coming back."""
    bounces.suppress_soft(policy=HygienePolicy.current(), now=timezone.now())


@shared_task(queue="ingest", name="profiles.tasks.run_erasures")
def run_erasures(**kwargs: Any) -> None:
    """Sweep for people who were erased until nothing is due or ERASE_FOR is over; the next tick goes on."""
    until = timezone.now() + ERASE_FOR
    while timezone.now() < until and erasure.run(clock=timezone.now, until=until):
        pass


@shared_task(queue="ingest", name="profiles.tasks.make_copies")
def make_copies(**kwargs: Any) -> None:
    """Make the copies of people's data that were asked for."""
    until = timezone.now() + ERASE_FOR
    while timezone.now() < until and copies.run(clock=timezone.now):
        pass
