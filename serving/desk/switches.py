"""Settings that people change while Tegn runs, each change in the audit log."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session as Transaction

from serving.store.ledger import Act
from serving.store.tables import Switch

_DEFAULTS = {"suggestions": "on", "blind_share": "10", "second_share": "10"}


class NotASetting(ValueError):
    """The value is not one the switch takes."""


@dataclass(frozen=True, slots=True)
class Switches:
    """The settings as they are."""

    suggestions: bool
    """Whether any page shows what the model says; the stop switch turns it off at once."""
    blind_share: int
    """Percent of new texts whose first reader marks before seeing suggestions."""
    second_share: int
    """Percent of new texts that a second person reads."""


def read_switches(db: Transaction) -> Switches:
    """The settings as they are now."""
    kept = {row.name: row.value for row in db.query(Switch)}
    values = {**_DEFAULTS, **kept}
    return Switches(values["suggestions"] == "on", int(values["blind_share"]), int(values["second_share"]))


def turn(act: Act, name: str, value: str, *, by: int) -> None:
    """Change a setting.

    Raises:
        NotASetting: there is no such setting, or it does not take the value.
    """
    if name == "suggestions":
        if value not in ("on", "off"):
            raise NotASetting("suggestions are on or off")
    elif (
        name not in _DEFAULTS
        or len(value) > 3
        or not value.isascii()
        or not value.isdecimal()
        or not 0 <= int(value) <= 100
    ):
        raise NotASetting("a share is a whole number of percent from 0 to 100")
    row = act.db.get(Switch, name) or Switch(name=name)
    row.value, row.changed, row.changed_by = value, act.now, by
    act.db.add(row)
    said = {"on": value == "on"} if name == "suggestions" else {"percent": int(value)}
    act.record("switch.turned", switch=name, **said)
