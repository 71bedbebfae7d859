"""Which words stand in reports for reason codes? Those of the one table of the house."""

from __future__ import annotations

from campaigns.reasons import SENTENCES, sentence

__all__ = ["SENTENCES", "sentence"]
