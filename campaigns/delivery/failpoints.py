"""Where can a process be made to die, to prove that nothing is lost? `FAILPOINT=after_gate:7` kills it at the 7th pass."""

from __future__ import annotations

import os
import signal

_name, _, _count = os.environ.get("FAILPOINT", "").partition(":")
_left = int(_count or 1)

POINTS = ("after_claim", "after_render", "after_gate", "after_doubt", "after_answer", "after_settle", "before_tell")


def reach(point: str) -> None:
    """Die here, without any clean-up, when the environment asks for it."""
    global _left
    if point != _name:
        return
    _left -= 1
    if _left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
