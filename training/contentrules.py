"""Content rules of the open texts: nothing in them may be, or pass for, a real person, number, address or company."""

from __future__ import annotations

import re
from datetime import date

# Firms that writers reach for without thinking. Public bodies and everyday apps (MitID, MobilePay, WhatsApp) may be named.
REAL_COMPANIES = (
    "Netto", "Føtex", "Bilka", "Rema 1000", "Lidl", "Aldi", "Meny", "SuperBrugsen", "Kvickly", "Irma", "Danske Bank", "Nordea",
    "Jyske Bank", "Sydbank", "Lunar", "Revolut", "Wolt", "Just Eat", "Uber", "Foodora", "Nemlig", "PostNord", "GLS", "DSV",
    "Mærsk", "Maersk", "Novo Nordisk", "Carlsberg", "Arla", "Danish Crown", "IKEA", "Jysk", "Elgiganten", "Airbnb", "Booking.com",
    "Ryanair", "Norwegian", "Flixbus", "Circle K", "Shell", "OK Plus", "7-Eleven", "McDonald's", "Burger King", "Matas", "Normal",
    "Western Union", "Ria Money", "ISS", "Securitas", "Falck", "Telenor", "TDC", "Lebara", "Lycamobile", "Escort-side",
)  # fmt: skip
_COMPANY = re.compile(
    r"(?<!\w)(?:"
    + "|".join(re.escape(x) for x in REAL_COMPANIES if x not in ("Normal", "Norwegian", "Shell"))
    + r")(?!\w)"
)
_CPR = re.compile(r"(?<!\d)(\d\d)(\d\d)(\d\d)[- ]?(\d{4})(?!\d)")
_PHONE = re.compile(
    r"(?<![\d.,/+-])(?!\d{4}-\d\d-\d\d)(?:(?:\+|00)45[ .-]?)?"
    r"([2-9]\d(?P<gap>[ .-]?)\d\d(?:(?P=gap)\d\d){2}|[2-9]\d{3} ?\d{4})(?![\d/-]|[.,]\d)"
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*")
_LINK = re.compile(r"(?:https?://|www\.)\S+|(?<![\w@.])[\w-]+\.(?:dk|com|net|org|eu|io)\b")


def _is_date(day: str, month: str, year: str) -> bool:
    for century in (1900, 2000):
        try:
            date(century + int(year), int(month), int(day))
            return True
        except ValueError:
            continue
    return False


def broken_rules(text: str) -> list[str]:
    """The rules that a text breaks, by name with the place; empty if none.

    A number whose first six digits are a date passes as a CPR number, whatever its check digit: numbers issued since 2007 may
    fail modulus 11. A phone number is live where its first digit is 2 to 9.
    """
    found = [
        f"a number at {m.start()} passes as a CPR number" for m in _CPR.finditer(text) if _is_date(m[1], m[2], m[3])
    ]
    found += [f"a phone number at {m.start()} is in a live Danish range" for m in _PHONE.finditer(text)]
    found += [
        f"an e-mail address at {m.start()} does not end in .example"
        for m in _EMAIL.finditer(text)
        if not m[0].rstrip(".").endswith(".example")
    ]
    found += [f"a link at {m.start()} does not end in .example" for m in _LINK.finditer(text) if ".example" not in m[0]]
    found += [f"a real company is named at {m.start()}" for m in _COMPANY.finditer(text)]
    return found
