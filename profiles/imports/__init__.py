"""How do the people of a CSV file become ours?

`upload` keeps the file and guesses, `preview` says what would happen, `start` queues it, `run` does it in the background.
"""

from __future__ import annotations

from profiles.imports import faults, mapping, reading, remembered, trial, undo
from profiles.imports.preview import Preview, preview
from profiles.imports.running import run, shape_of
from profiles.imports.starting import UnusableFileError, forget_files, known_types, reshape, samples, start, upload

__all__ = [
    "Preview",
    "UnusableFileError",
    "faults",
    "forget_files",
    "known_types",
    "mapping",
    "preview",
    "reading",
    "remembered",
    "reshape",
    "run",
    "samples",
    "shape_of",
    "start",
    "trial",
    "undo",
    "upload",
]
