"""Who comes in, who moves on, who goes home?

`fire_due`, `advance` and `follow_feed` are called by recurring tasks. Each looks at the tables, does what is due in
sets, and may run many times and in many processes at once: unique rows and SKIP LOCKED decide who does what.
"""

from __future__ import annotations

from campaigns.engine.closing import close_stopped, finish_done
from campaigns.engine.enrol import let_in
from campaigns.engine.feed import follow_feed
from campaigns.engine.fires import fire_due
from campaigns.engine.moving import advance

__all__ = ["advance", "close_stopped", "finish_done", "fire_due", "follow_feed", "let_in"]
