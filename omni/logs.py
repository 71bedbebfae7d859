"""What do the logs look like? One JSON object a line, with the request's id and no personal data.

Three guards: requests are told without their query and without the tokens of public links; nothing of a request's
headers or body is told at all; and what an exception or a library writes is searched for addresses before it is printed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from collections.abc import MutableMapping

EMAIL = re.compile(r"[^\s@<>\"'(),:;=/?&]+(?:@|%40)[^\s@<>\"'(),:;=/?&]+\.[^\s@<>\"'(),:;=/?&.]+", re.IGNORECASE)
PHONE = re.compile(r"(?<![\w.])\+\d[\d ()-]{6,16}\d")
# Tokens of public links are keys to a person's subscription.
TOKEN = re.compile(r"(?<![\w.])/(t|u|hooks)/[^\s\"'?]+")


def hide_tokens(text: str) -> str:
    return TOKEN.sub(lambda found: f"/{found.group(1)}/<token>", text)


def scrub(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace addresses, phone numbers and tokens in every text of the event; drop what tells about the browser."""
    event.pop("user_agent", None)
    for key, value in event.items():
        event[key] = _scrubbed(value)
    return event


def _scrubbed(value: Any) -> Any:
    if isinstance(value, str):
        return hide_tokens(PHONE.sub("<phone>", EMAIL.sub("<e-mail>", value)))
    if isinstance(value, dict):
        return {_scrubbed(key): _scrubbed(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_scrubbed(inner) for inner in value]
    return value if value is None or isinstance(value, (bool, int, float)) else _scrubbed(str(value))


def logging_config(*, level: str, as_json: bool) -> dict[str, Any]:
    """Return the LOGGING dict: our loggers at `level`, libraries at WARNING."""
    renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, scrub, renderer],
                "foreign_pre_chain": [
                    structlog.contextvars.merge_contextvars,
                    structlog.stdlib.add_logger_name,
                    structlog.stdlib.add_log_level,
                    structlog.processors.TimeStamper(fmt="iso"),
                    structlog.processors.format_exc_info,
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            **{name: {"level": level} for name in ("omni", "profiles", "segments", "campaigns", "django_structlog")},
            # Every answer has its line already.
            "django.request": {"level": "ERROR"},
        },
    }
