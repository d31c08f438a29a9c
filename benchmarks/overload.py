"""S14: what becomes of answers when eight times as many ask as can be served?"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median
from typing import Any


async def overload(port: int, codes: list[str], key: str, seconds: float) -> dict[str, Any]:
    """S14: 64 clients on what-if (eight times the cap), and one that says hello meanwhile."""
    if len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, {1})
    until = time.perf_counter() + seconds
    served: list[float] = []
    hellos: list[float] = []
    refused = [0, 0]

    async def say_hello() -> None:
        async with Wire.to(port, key) as wire:
            while (begun := time.perf_counter()) < until:
                await wire.ask("GET", "/bare/hello")
                hellos.append(time.perf_counter() - begun)
                await asyncio.sleep(0.02)

    async def ask(number: int) -> None:
        async with Wire.to(port, key) as wire:
            while (begun := time.perf_counter()) < until:
                body = json.dumps({"code": codes[(number * 997 + len(served)) % len(codes)]})
                status, head = await wire.ask("POST", "/v1/scores:what-if", body)
                if status == 200:
                    served.append(time.perf_counter() - begun)
                    continue
                refused[status != 503 or b"retry-after" not in head] += 1
                await asyncio.sleep(0.2)  # a client that follows Retry-After waits longer

    await asyncio.gather(say_hello(), *(ask(n) for n in range(64)))
    ordered = sorted(served) or [float("nan")]
    return _load_figures(ordered, hellos, refused, seconds)


class Wire:
    """One connection that stays open; the usual clients spend more on a request than we do."""

    def __init__(self, read: asyncio.StreamReader, write: asyncio.StreamWriter, key: str) -> None:
        self._read, self._write, self._key = read, write, key

    @classmethod
    @asynccontextmanager
    async def to(cls, port: int, key: str) -> AsyncIterator[Wire]:
        read, write = await asyncio.open_connection("127.0.0.1", port)
        yield cls(read, write, key)
        write.close()

    async def ask(self, method: str, path: str, body: str = "") -> tuple[int, bytes]:
        """Status and headers (lower case) of the answer."""
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self._key}\r\n"
            f"X-Purpose: benchmark\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._write.write((head + body).encode())
        answer = (await self._read.readuntil(b"\r\n\r\n")).lower()
        length = next(h for h in answer.split(b"\r\n") if h.startswith(b"content-length:"))
        await self._read.readexactly(int(length.partition(b":")[2]))
        return int(answer.split(b" ", 2)[1]), answer


def _load_figures(
    ordered: list[float], hellos: list[float], refused: list[int], seconds: float
) -> dict[str, Any]:
    return {
        "served/s": round(len(ordered) / seconds, 1),
        "p50 ms": round(median(ordered) * 1e3, 1),
        "p99 ms": round(ordered[int(len(ordered) * 0.99)] * 1e3, 1),
        "503/s": round(refused[0] / seconds, 1),
        "other": refused[1],
        "hello p50 ms": round(median(hellos) * 1e3, 1),
    }
