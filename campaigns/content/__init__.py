"""What does a step send? Templates under edit become content that never changes again."""

from __future__ import annotations

from campaigns.content.checks import Check, checks, faults
from campaigns.content.compile import Compiled, CompileError, TrackedLink, compile_template
from campaigns.content.pin import pin
from campaigns.content.preview import Preview, render_preview

__all__ = [
    "Check",
    "CompileError",
    "Compiled",
    "Preview",
    "TrackedLink",
    "checks",
    "compile_template",
    "faults",
    "pin",
    "render_preview",
]
