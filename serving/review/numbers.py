"""Numbers of rows, as addresses and forms say them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

LARGEST = 2**31 - 1
"""What both kinds of database take for the number of a row."""
Number = Annotated[int, Path(ge=1, le=LARGEST)]
"""A number in an address; any other is a page that is not there."""


def row_number(said: str) -> int | None:
    """A number in a form or a query; None if it is none."""
    number = int(said) if said.isascii() and said.isdecimal() and len(said) <= len(str(LARGEST)) else 0
    return number if 1 <= number <= LARGEST else None
