"""What runs later, in which queue, and how often?

Tasks carry no data: a task looks at the tables and does what is due. `RECURRING` is the one table of recurring work;
`omni.schedule.sync` writes it into django-celery-beat, where it can be seen, and `manage.py dispatcher` walks the same
table without the broker. Any waker alone is enough; running a task twice is harmless.
"""

from __future__ import annotations

import logging
import os
import time
import warnings
from dataclasses import dataclass

from celery import Celery
from celery.platforms import SecurityWarning  # type: ignore[attr-defined]
from django.db import transaction

from omni import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omni.settings")
logger = logging.getLogger(__name__)

# It warns of root because pickled messages could run code; here only JSON is accepted.
warnings.simplefilter("ignore", SecurityWarning)

NUDGE_EXPIRES_SECONDS = 30
BELL_TIMEOUT_SECONDS = 0.15
SILENCE_SECONDS = 2

app = Celery("omni", broker=embedded.broker_url())
app.conf.update(
    task_acks_late=False,
    task_ignore_result=True,
    result_backend=None,
    result_expires=None,
    worker_prefetch_multiplier=1,
    task_time_limit=120,
    task_soft_time_limit=90,
    worker_max_tasks_per_child=1000,
    worker_max_memory_per_child=400_000,
    task_serializer="json",
    accept_content=["json"],
    timezone="UTC",
    broker_transport_options={
        "visibility_timeout": 300,
        "socket_timeout": 5,
        "socket_connect_timeout": 0.2,
        "socket_keepalive": True,
    },
    task_publish_retry=False,
    worker_soft_shutdown_timeout=30,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    worker_hijack_root_logger=False,
    beat_scheduler="django_celery_beat.schedulers:DatabaseScheduler",
    task_default_queue="ingest",
)
app.autodiscover_tasks(["omni", "profiles", "segments", "campaigns"])

QUEUES = ("ingest", "segments", "engine", "hygiene", "send.email")


@dataclass(frozen=True)
class Recurring:
    task: str
    queue: str
    every_seconds: int


RECURRING = (
    Recurring("profiles.tasks.drain_inbox", "ingest", 1),
    Recurring("profiles.tasks.run_imports", "ingest", 2),
    Recurring("profiles.tasks.run_actions", "ingest", 2),
    Recurring("profiles.tasks.run_erasures", "ingest", 5),
    Recurring("profiles.tasks.make_copies", "ingest", 5),
    Recurring("profiles.tasks.keep_house", "ingest", 3600),
    Recurring("profiles.tasks.suggest_duplicates", "ingest", 3600),
    Recurring("segments.tasks.follow_feed", "segments", 1),
    Recurring("segments.tasks.refresh_stale", "segments", 1),
    Recurring("segments.tasks.flip_due", "segments", 5),
    Recurring("campaigns.tasks.follow_feed", "engine", 1),
    Recurring("campaigns.tasks.fire_due", "engine", 1),
    Recurring("campaigns.tasks.advance", "engine", 1),
    Recurring("campaigns.tasks.reap", "engine", 1),
    Recurring("campaigns.tasks.send_email", "send.email", 1),
    Recurring("campaigns.tasks.post_requested", "send.email", 2),
    Recurring("profiles.tasks.run_cleanings", "hygiene", 2),
    Recurring("profiles.tasks.check_addresses", "hygiene", 10),
    Recurring("profiles.tasks.heed_bounces", "hygiene", 300),
    Recurring("omni.tasks.beat", "engine", 10),
    Recurring("omni.tasks.keep_house", "engine", 3600),
)


def nudge(task: str) -> None:
    """Ask for `task` as soon as this transaction commits; a broker that is down costs at most 200 ms and nothing else."""
    queue = queue_of(task)
    transaction.on_commit(lambda: _publish(task, queue))


def queue_of(task: str) -> str:
    return next(work.queue for work in RECURRING if work.task == task)


# Publishing has a client of its own: workers wait long for the broker, a page must not wait at all.
_bell = Celery("bell", broker=embedded.broker_url(), set_as_current=False)
_bell.conf.update(
    result_backend=None,
    task_serializer="json",
    task_publish_retry=False,
    broker_connection_timeout=BELL_TIMEOUT_SECONDS,
    broker_transport_options={
        "max_retries": 0,
        "socket_timeout": BELL_TIMEOUT_SECONDS,
        "socket_connect_timeout": BELL_TIMEOUT_SECONDS,
        "connect_retries_timeout": BELL_TIMEOUT_SECONDS,
        "retry_on_timeout": False,
    },
)
_silent_until = 0.0


def _publish(task: str, queue: str) -> None:
    """Ring the bell once; after a failure stay silent for a while, so that many nudges cost no more than one."""
    global _silent_until
    if time.monotonic() < _silent_until:
        return
    try:
        _bell.send_task(task, queue=queue, expires=NUDGE_EXPIRES_SECONDS, retry=False, ignore_result=True)
    except Exception:  # the broker is only a door bell: beat and the dispatcher look at the tables anyway
        _silent_until = time.monotonic() + SILENCE_SECONDS
        logger.warning("could not nudge %s: the broker does not answer", task)
