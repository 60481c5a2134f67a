"""The normal form of a phone number: "+" and its digits, with the country code."""

from __future__ import annotations

DANISH = 8
"""Digits of a Danish number."""


def danish(digits: str) -> str | None:
    """The normal form of a number of eight digits, with or without the country code; None if it has another length."""
    for code in ("0045", "45", ""):
        if len(digits) == DANISH + len(code) and digits.startswith(code):
            return "+45" + digits[len(code) :]
    return None


def international(digits: str, *, has_plus: bool) -> str:
    """The normal form of the digits of a number, at least eight; after a plus, eight are no Danish number without its code."""
    is_foreign = has_plus and len(digits) == DANISH
    return (None if is_foreign else danish(digits)) or f"+{digits.removeprefix('00')}"
