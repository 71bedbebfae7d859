"""What does the environment ask for? Typed readers with defaults for one machine."""

from __future__ import annotations

from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
read = environ.Env()


def var_dir() -> Path:
    """Return the data directory (`VAR`, default `var/` in the checkout), made on first use."""
    path = Path(read.str("VAR", default=str(BASE_DIR / "var"))).resolve()
    path.mkdir(parents=True, exist_ok=True)
    return path


def secret(name: str) -> str:
    """Return the secret `name` from the environment, else one kept in `VAR/<name>`, made on first use."""
    if given := read.str(name, default=""):
        return str(given)
    kept = var_dir() / name.lower()
    if not kept.exists():
        _keep_new_secret(kept)
    return kept.read_text().strip()


def _keep_new_secret(path: Path) -> None:
    import os
    import secrets

    # O_EXCL: two processes that start together must agree on one value.
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w") as out:
        out.write(secrets.token_urlsafe(48))
