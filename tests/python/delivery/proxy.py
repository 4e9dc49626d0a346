"""A TCP proxy between a pusher and a vendor, which spoils some of the requests."""

import hashlib
import random
import socket
import struct
import threading
from collections import Counter

FAULTS = (
    "reset_before",  # the connection is reset and the request never arrives
    "reset_after",  # the request is applied, and the connection is reset instead of an answer
    "half_request",  # only half of the request arrives
    "half_response",  # the request is applied, and only half of the answer comes back
    "hang",  # the request is applied, and no answer ever comes
    "html",  # a page of the proxy's own, with status 200
)
HTML = b"<html><body>Sign in to the guest network</body></html>"
PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (
    len(HTML), HTML,
)  # fmt: skip


class Proxy:
    """Forward to a port of this machine; a context manager with the `url` to use instead.

    A request is spoiled with the probability `share`, and the same request at most `most` times,
    so that whoever keeps trying gets through. `spoiled` counts the faults.
    """

    def __init__(self, port: int, fault: str, *, share: float, most: int, seed: int) -> None:
        self.port, self.fault, self.share, self.most = port, fault, share, most
        self.dice, self.lock = random.Random(seed), threading.Lock()
        self.seen: Counter[bytes] = Counter()
        self.spoiled: Counter[str] = Counter()
        self.ends = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def __enter__(self) -> "Proxy":
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ends.set()
        self.listener.close()

    def accept(self) -> None:
        while not self.ends.is_set():
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client: socket.socket) -> None:
        """Forward the requests of one connection until a fault or an end."""
        try:
            with client, socket.create_connection(("127.0.0.1", self.port)) as vendor:
                while request := read_message(client):
                    if not self.spoils(request):
                        vendor.sendall(request)
                        client.sendall(read_message(vendor))
                    elif not self.spoil(request, client, vendor):
                        return
        except OSError:
            return

    def spoils(self, request: bytes) -> bool:
        digest = hashlib.sha256(request).digest()
        with self.lock:
            if self.seen[digest] >= self.most or self.dice.random() >= self.share:
                return False
            self.seen[digest] += 1
            self.spoiled[self.fault] += 1
            return True

    def spoil(self, request: bytes, client: socket.socket, vendor: socket.socket) -> bool:
        """Do the harm; returns whether the connection lives on."""
        if self.fault == "html":
            client.sendall(PAGE)
            return True
        if self.fault == "half_request":
            vendor.sendall(request[: len(request) // 2])
        elif self.fault != "reset_before":
            vendor.sendall(request)
            answer = read_message(vendor)
            if self.fault == "half_response":
                client.sendall(answer[: len(answer) // 2])
            if self.fault == "hang":
                self.ends.wait()
        # Linger of zero seconds: the close is a reset.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False


def read_message(source: socket.socket) -> bytes:
    """Return one HTTP message with its body, or nothing at the end of the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = source.recv(65_536)
        if not part:
            return b""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        part = source.recv(65_536)
        if not part:
            return b""
        body += part
    return head + b"\r\n\r\n" + body
