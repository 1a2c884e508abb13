"""Randomness drawn from a key, never from a shared stream.

The same key gives the same draw in any thread, in any order and on any machine; that is what makes a run
with a random seed repeatable under concurrency.
"""

from __future__ import annotations

from hashlib import blake2b
from uuid import UUID

Key = str | int


def draw_bytes(seed: int, *key: Key, size: int = 8) -> bytes:
    """`size` bytes (1 to 64) that depend on nothing but the seed and the key."""
    text = "\x1f".join(map(str, (seed, *key)))
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).digest()


def draw_fraction(seed: int, *key: Key) -> float:
    """A number from 0 up to but not including 1, with 53 random bits."""
    return (int.from_bytes(draw_bytes(seed, *key)) >> 11) * 2.0**-53


def draw_index(count: int, seed: int, *key: Key) -> int:
    """A number from 0 up to but not including `count`."""
    return int.from_bytes(draw_bytes(seed, *key)) % count


def draw_uuid(seed: int, *key: Key) -> str:
    """A version 4 UUID in lower case with dashes."""
    return str(UUID(bytes=draw_bytes(seed, *key, size=16), version=4))
