"""Mutations of a seed, the same for the same random numbers: what `make test` has instead of hours of atheris."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

_NUMBERS = (
    b"0",
    b"-1",
    b"1e999",
    b"99999999999999999999",
    b"\x00\x00\x00\x00",
    b"\xff\xff\xff\xff",
    b"\x7f\xff",
    b"\x80",
)
_PIECES = (
    b"\x00",
    b"\r\n",
    b'"',
    b"'",
    b"{",
    b"[",
    b"<",
    b">",
    b"&",
    b"=",
    b";",
    b"\\",
    b"\xed\xa0\x80",
    b"\xf0\x9f\x98\x80",
)


def mutate(random: Random, seeds: list[bytes], largest: int) -> bytes:
    """One seed, changed at some places."""
    data = bytearray(random.choice(seeds))
    for _ in range(random.choice((1, 1, 2, 4, 16))):
        at = random.randrange(len(data) + 1)
        match random.randrange(7):
            case 0 if data:
                data[at - 1] ^= 1 << random.randrange(8)
            case 1:
                del data[at : at + random.randrange(1, 64)]
            case 2:
                data[at:at] = random.choice(_PIECES) * random.choice((1, 1, 1, 50))
            case 3:
                data[at:at] = random.choice(_NUMBERS)
            case 4:
                data[at:at] = data[at : at + random.randrange(1, 64)] * random.choice((1, 2, 20))
            case 5:
                other = random.choice(seeds)
                place = random.randrange(len(other) + 1)
                data[at : at + random.randrange(64)] = other[place : place + random.randrange(1, 64)]
            case _:
                data[at : at + 1] = bytes([random.randrange(256)])
    return bytes(data[:largest])


_VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 10**30, 1.5, float("nan"), float("inf"), "", "x", "\x00", "\ud800", "../../x", [], {}, [[]],
    [None], {"": None},
)  # fmt: skip


def swaps(honest: Any) -> Iterator[Any]:
    """JSON values that are the honest one but for one part of it, which is anything, or is not there."""
    yield from _VALUES
    if isinstance(honest, dict):
        for name, value in honest.items():
            yield {key: x for key, x in honest.items() if key != name}
            yield from ({**honest, name: x} for x in swaps(value))
        yield {**honest, "unknown": 1}
    elif isinstance(honest, list):
        for at, value in enumerate(honest[:2]):
            yield from ([*honest[:at], x, *honest[at + 1 :]] for x in swaps(value))
