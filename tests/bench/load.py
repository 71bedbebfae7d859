"""A client that costs little: POST requests over a few kept connections, each answer awaited before the next request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

CHUNK = 65_536


@dataclass
class Outcome:
    """What came of a load: how long each request took, and how many were not answered with 200."""

    seconds: float = 0.0
    waits: list[float] = field(default_factory=list)
    refused: int = 0

    @property
    def rate(self) -> float:
        return len(self.waits) / self.seconds

    def percentile(self, share: float) -> float:
        """Return the wait in milliseconds that this share of the requests did not exceed."""
        waits = sorted(self.waits)
        return waits[min(len(waits) - 1, int(len(waits) * share))] * 1000


def run(requests: Sequence[bytes], *, port: int, connections: int, per_second: float = 0) -> Outcome:
    """Send these ready-made HTTP requests; with `per_second` at that pace, else as fast as the answers come."""
    return asyncio.run(_run(requests, port, connections, per_second))


def request(path: str, body: bytes, *, authorization: str) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def _run(requests: Sequence[bytes], port: int, connections: int, per_second: float) -> Outcome:
    outcome = Outcome()
    shares = [requests[number::connections] for number in range(connections)]
    begun = time.perf_counter()
    pace = connections / per_second if per_second else 0.0
    await asyncio.gather(*(_client(share, port, outcome, pace, begun) for share in shares))
    outcome.seconds = time.perf_counter() - begun
    return outcome


async def _client(requests: Sequence[bytes], port: int, outcome: Outcome, pace: float, begun: float) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number, data in enumerate(requests):
        if pace and (early := begun + number * pace - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        sent = time.perf_counter()
        writer.write(data)
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(_length(head))
        outcome.waits.append(time.perf_counter() - sent)
        outcome.refused += not head.startswith(b"HTTP/1.1 200")
        if b"connection: close" in head.lower():
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0
