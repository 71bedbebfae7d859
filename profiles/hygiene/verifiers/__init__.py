"""Who can be asked whether a mailbox exists? The order is the menu's."""

from __future__ import annotations

from omni.registry import Registry
from profiles.hygiene.verifiers.base import Answer, Report, Verifier, VerifierError
from profiles.hygiene.verifiers.sandbox import Sandbox

registry: Registry[Verifier] = Registry("verifiers", [Sandbox()])

__all__ = ["Answer", "Report", "Verifier", "VerifierError", "registry"]
