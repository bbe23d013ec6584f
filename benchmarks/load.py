"""A load generator that costs little beside the server it measures.

A few keep-alive connections, each sending the next request when the last answer is complete. It reads no more of an
answer than its length: a client that parses would be the bottleneck, and all ratios would look alike.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from itertools import count
from urllib.parse import urlsplit

__all__ = ["requests_per_second"]


def requests_per_second(url: str, *, requests: int, connections: int) -> float:
    """How many answers of status 200 the server at `url` gives in a second.

    Args:
        url: Of loopback, ``http``. Each ``{}`` in its query becomes the number of the request.
        requests: How many to send in all.
        connections: How many at once.

    Raises:
        ValueError: An answer had another status, or no length.
    """
    return asyncio.run(_run(url, requests // connections, connections))


async def _run(url: str, each: int, connections: int) -> float:
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    numbers = count()

    def request() -> bytes:
        path = target.replace("{}", str(next(numbers)))
        return f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: application/json\r\n\r\n".encode()

    host, port = parts.hostname, parts.port
    start = time.perf_counter()
    await asyncio.gather(*(_connection(host, port, request, each) for _ in range(connections)))
    return each * connections / (time.perf_counter() - start)


async def _connection(host: str | None, port: int | None, request: Callable[[], bytes], number: int) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        for _ in range(number):
            writer.write(request())
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(_length(head))
    finally:
        writer.close()
        await writer.wait_closed()


def _length(head: bytes) -> int:
    status, *headers = head.split(b"\r\n")
    if b" 200 " not in status:
        raise ValueError(f"the server answered {status.decode()}")
    for header in headers:
        name, _, value = header.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ValueError("the server sent an answer without its length")
