"""How does the story talk to the product? Over HTTP, as programs and readers do."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
import uuid
from typing import Any

READER = "Mozilla/5.0 (Macintosh; Intel Mac OS X 15_6) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mail/16"
TIMEOUT_SECONDS = 120


class RefusedError(Exception):
    """The product said no."""


class _StayHere(urllib.request.HTTPRedirectHandler):
    """The shops that letters link to do not exist: the answer of the product is looked at, not followed."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _StayHere)


class Door:
    def __init__(self, base_url: str, api_key: str, write_key: str) -> None:
        self._base = base_url
        self._api = {"Authorization": f"Bearer {api_key}"}
        self._tracking = {"Authorization": "Basic " + base64.b64encode(f"{write_key}:".encode()).decode()}

    def get(self, path: str) -> Any:
        return json.loads(_ask("GET", f"{self._base}/api/v1/{path}", self._api)[1])

    def post(self, path: str, body: Any) -> Any:
        headers = {**self._api, "Content-Type": "application/json"}
        return json.loads(_ask("POST", f"{self._base}/api/v1/{path}", headers, json.dumps(body).encode())[1])

    def upload(self, path: str, *, file: bytes, name: str, fields: dict[str, str]) -> Any:
        edge = uuid.uuid4().hex
        parts = [f'--{edge}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in fields.items()]
        head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: text/csv\r\n\r\n'
        body = "".join(parts).encode() + head.encode() + file + f"\r\n--{edge}--\r\n".encode()
        headers = {**self._api, "Content-Type": f"multipart/form-data; boundary={edge}"}
        return json.loads(_ask("POST", f"{self._base}/api/v1/{path}", headers, body)[1])

    def track(self, events: list[dict[str, Any]]) -> None:
        """Hand over a batch of events as the Segment SDKs do."""
        headers = {**self._tracking, "Content-Type": "application/json"}
        _ask("POST", f"{self._base}/v1/batch", headers, json.dumps({"batch": events}).encode())


def look(url: str) -> int:
    """Fetch an address as a reader's mail program does; return the status."""
    return _ask("GET", url, {"User-Agent": READER})[0]


def leave(url: str) -> int:
    """Unsubscribe by one click, as mail programs do (RFC 8058)."""
    headers = {"User-Agent": READER, "Content-Type": "application/x-www-form-urlencoded"}
    return _ask("POST", url, headers, b"List-Unsubscribe=One-Click")[0]


def _ask(method: str, url: str, headers: dict[str, str], body: bytes | None = None) -> tuple[int, bytes]:
    request = urllib.request.Request(url, data=body, headers=headers, method=method)
    try:
        with _opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        if error.code in (301, 302, 303, 307):
            return error.code, b""
        raise RefusedError(f"{method} {url}: {error.code} {error.read()[:2000].decode(errors='replace')}") from error
