"""Everything of Tegn that parses what others wrote, each as a function of bytes that fails where Tegn does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

from tests.fuzz.seeds import CANARY

SECONDS = 20.0
"""Of computing for one input of at most some kilobytes; the sandbox gives a file 30 seconds in all."""


class Finding(AssertionError):
    """An input showed something that must never be; the message says what."""


@dataclass(frozen=True, slots=True)
class Target:
    """A parser with small valid inputs to begin from."""

    name: str
    call: Callable[[bytes], None]
    """Raises for every input that is handled otherwise than documented."""
    seeds: Callable[[], list[bytes]]
    largest: int = 4096
    """Bytes of an input."""

    def check(self, data: bytes) -> None:
        """Call it.

        Raises:
            Finding: it took too long.
            Exception: whatever comes out of it that is not documented.
        """
        began = time.process_time()
        self.call(data)
        if time.process_time() - began > SECONDS:
            raise Finding(f"more than {SECONDS:.0f} seconds of computing for {len(data):,} bytes")


@contextmanager
def refusing(*documented: type[Exception]) -> Iterator[None]:
    """Lets a parser refuse its input by what it documents, with words that repeat nothing of it."""
    try:
        yield
    except documented as error:
        silent(error)


def silent(*said: object) -> None:
    """Refuse that the word of the seeds is repeated.

    Raises:
        Finding: it is.
    """
    if any(CANARY in f"{x} {x!r}" for x in said):
        raise Finding("an error repeats what was sent")


GROUPS = ("files", "requests", "stored")
"""Modules beside this one that have targets."""


def group(name: str) -> ModuleType:
    """One of these modules; imported when it is needed, as each brings libraries of its own."""
    return import_module(f"tests.fuzz.{name}")


def all_targets() -> dict[str, Target]:
    """Every target by its full name, such as ``files.docx``."""
    return {f"{name}.{target.name}": target for name in GROUPS for target in group(name).targets()}
