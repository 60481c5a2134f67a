"""The child process of the sandbox: limits itself, reads one file from standard input, answers in JSON, and ends."""

from __future__ import annotations

import json
import logging
import resource
import sys
from dataclasses import asdict
from typing import Any

from serving.extract.result import MAX_FILE, Unreadable


def limit(memory: int, seconds: int) -> None:
    """Take from this process what reading a file does not need: bytes of address space, seconds of CPU, and the disk."""
    for what, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, 0),  # nothing is ever written
        (resource.RLIMIT_CORE, 0),  # a core dump would hold the text
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(what, (value, value))


def answer(request: bytes) -> dict[str, Any]:
    """What is said of a file: a line of JSON with its name and column, then its bytes."""
    from serving.extract.reading import read

    head, _, data = request.partition(b"\n")
    asked = json.loads(head)
    try:
        return {"extracted": asdict(read(asked["name"], data, asked["column"]))}
    except Unreadable as error:
        return {"unreadable": error.code}


def main() -> None:
    """Read, answer, end. An error here ends the process without a word, which the sandbox understands."""
    limit(int(sys.argv[1]), int(sys.argv[2]))
    logging.disable(logging.CRITICAL)  # libraries quote the file in their warnings
    # openpyxl and pypdf use these where they find them, and reading text needs neither.
    sys.modules.update({"numpy": None, "PIL": None})  # type: ignore[dict-item]
    said = answer(sys.stdin.buffer.read(MAX_FILE + 1024 * 1024))
    sys.stdout.buffer.write(json.dumps(said).encode())


if __name__ == "__main__":
    main()
