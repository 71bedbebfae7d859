"""A mail server that writes down what it takes before it says so, and sometimes loses its answer.

    python -m tests.faults.sink <port> <log file> <answers lost, %> <recipients that are busy once, %> [<ms before it answers>]

Its log is one line a fact: `rcpt <address>`, `taken <key> <address> <SHA-256 of the letter>`, `lost <key>`.
"""

from __future__ import annotations

import hashlib
import os
import re
import socketserver
import sys
import threading
import time
from contextlib import suppress

from campaigns.providers.chance import falls

KEY = re.compile(rb"^X-Delivery-ID: (\S+)", re.MULTILINE)
ADDRESS = re.compile(rb"<([^>]*)>")


class Session(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        with suppress(ConnectionError):  # senders die in the middle of a sentence
            self.talk()

    def talk(self) -> None:
        self.wfile.write(b"220 sink\r\n")
        recipient = b""
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            if verb == b"EHLO":
                self.wfile.write(b"250-sink\r\n250 PIPELINING\r\n")
            elif verb == b"RCPT":
                recipient = ADDRESS.search(line).group(1)
                self.server.log(b"rcpt %s" % recipient)
                self.wfile.write(b"450 4.2.1 busy\r\n" if self.server.is_busy(recipient) else b"250 ok\r\n")
            elif verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                if not self.take(recipient):
                    return
            else:
                self.wfile.write(b"250 ok\r\n")

    def take(self, recipient: bytes) -> bool:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return False  # the sender died before the end: nothing was taken
            lines.append(line[1:] if line.startswith(b"..") else line)
        time.sleep(self.server.answer_ms / 1000)
        letter = b"".join(lines)
        key = KEY.search(letter).group(1).strip()
        self.server.log(b"taken %s %s %s" % (key, recipient, hashlib.sha256(letter).hexdigest().encode()))
        if falls(self.server.lost_percent, "lost", key):
            self.server.log(b"lost %s" % key)
            return False
        self.wfile.write(b"250 ok queued\r\n")
        return True


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int, path: str, lost_percent: float, busy_percent: float, answer_ms: float = 0) -> None:
        super().__init__(("127.0.0.1", port), Session)
        self.lost_percent, self.busy_percent = lost_percent, busy_percent
        self.answer_ms = answer_ms
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._lock = threading.Lock()
        self._turned_away: set[bytes] = set()

    def log(self, line: bytes) -> None:
        # One write in append mode: a reader never sees half a line.
        os.write(self._file, line + b"\n")

    def is_busy(self, recipient: bytes) -> bool:
        with self._lock:
            if recipient in self._turned_away or not falls(self.busy_percent, "busy", recipient):
                return False
            self._turned_away.add(recipient)
            return True


if __name__ == "__main__":
    Server(int(sys.argv[1]), sys.argv[2], *map(float, sys.argv[3:])).serve_forever()
