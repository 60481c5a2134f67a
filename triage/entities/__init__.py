"""What stands in a text, with offsets: contacts, register numbers, prices, hours, dates, places, ages and names.

Rules, kind by kind, over one reading of the text (`reading.py`); each takes a time that grows with the length of the text alone.
No two entities overlap: what says more clearly what it is comes first.
"""

from __future__ import annotations

from triage.assessment import Entity
from triage.entities import (
    ages,
    applinks,
    dates,
    emails,
    handles,
    hours,
    links,
    mobilepay,
    names,
    phones,
    places,
    prices,
    registers,
)
from triage.entities.reading import Reading

CONTACTS = ("phone", "email", "url", "handle", "mobilepay")
"""Kinds by which somebody is reached: two texts that share one have somebody in common. No number of a register is among them."""
KINDS = (*CONTACTS, "cpr", "cvr", "price", "hours", "date", "place", "age", "name")


def find_registers(text: str) -> tuple[Entity, ...]:
    """The numbers of persons and firms alone, also those inside an e-mail address."""
    reading = Reading(text)
    registers.find(reading)
    return reading.entities()


def find_entities(text: str) -> tuple[Entity, ...]:
    """The entities of a text in order of place; none overlaps another."""
    reading = Reading(text)
    for find in (
        emails.find,
        applinks.find,
        registers.find,
        mobilepay.find,
        handles.find,
        links.find,
        dates.find,
        prices.find_named,
        ages.find,
        phones.find,
        hours.find,
        prices.find_listed,
        places.find,
        names.find,
    ):
        find(reading)
    return reading.entities()
