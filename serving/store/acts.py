"""What the audit log records: acts, and for each the details it may have. No free text can be one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

Detail = str | int | bool | None


class Kind(StrEnum):
    """What a detail may be, besides none."""

    FLAG = "true or false"
    COUNT = "a whole number from 0 to 2^63-1"
    CODE = "a code of at most 60 characters: a-z and 0-9 in parts joined by . _ -, a letter first"
    DIGEST = "8 to 64 hexadecimal digits"
    NUMBERS = "at most 1000 characters of numbers from 1 and ranges of them, such as 3-7,12"


_RANGE = r"[1-9][0-9]{0,18}(?:-[1-9][0-9]{0,18})?"
_PATTERNS = {
    Kind.CODE: re.compile(r"[a-z][a-z0-9]*(?:[._-][a-z0-9]+)*"),
    Kind.DIGEST: re.compile(r"[0-9a-f]{8,64}"),
    Kind.NUMBERS: re.compile(rf"{_RANGE}(?:,{_RANGE})*"),
}
_LONGEST = {Kind.CODE: 60, Kind.DIGEST: 64, Kind.NUMBERS: 1_000}

Rule = Kind | tuple[str, ...]
"""A kind, or the words to choose from."""

ACTS: Mapping[str, Mapping[str, Rule]] = MappingProxyType(
    {
        "login.succeeded": {"way": ("link", "password", "provider")},
        "login.refused": {
            "reason": ("unknown", "used", "expired", "too_many", "password", "locked", "removed", "provider")
        },
        "logout": {"sessions": Kind.COUNT},
        "logins.forgotten": {"sessions": Kind.COUNT, "links": Kind.COUNT},
        "account.read": {},
        "users.read": {},
        "user.added": {"role": Kind.CODE},
        "user.changed": {"role": Kind.CODE, "password": Kind.FLAG, "locked": Kind.FLAG, "provider": Kind.FLAG},
        "user.linked": {},  # was given a log-in link
        "user.removed": {},
        "key.added": {"scopes": Kind.CODE},  # several are joined by full stops
        "key.removed": {},
        "api.called": {"route": Kind.CODE, "documents": Kind.COUNT},
        "paste.read": {"kind": ("note", "ad"), "code_points": Kind.COUNT},  # read at once, nothing is stored
        "submit.read": {},
        "receipt.read": {"texts": Kind.COUNT},
        "queue.read": {"texts": Kind.COUNT},
        "case.created": {"source": Kind.CODE},
        "case.read": {},
        "case.searched": {"found": Kind.FLAG},
        "case.kept": {"days": Kind.COUNT},
        "case.erased": {"documents": Kind.COUNT, "reason": Kind.CODE},
        "upload.begun": {"kind": ("note", "ad")},
        "upload.read": {},
        "file.added": {},
        "file.chosen": {},
        "file.again": {},  # somebody asked to have it read once more
        "file.read": {"texts": Kind.COUNT, "known": Kind.COUNT, "problems": Kind.COUNT},
        "document.added": {
            "kind": ("note", "ad"),
            "source": Kind.CODE,
            "code_points": Kind.COUNT,
            "duplicate": Kind.FLAG,
        },
        "document.tagged": {"model": Kind.DIGEST, "priority": ("high", "medium", "low", "none")},
        "document.read": {"emergency": Kind.CODE},
        "document.glanced": {},  # where it is and who has it, nothing of what it says
        "document.unreadable": {"reason": ("tampered", "key_lost")},
        "reading.taken": {"part": Kind.CODE, "emergency": Kind.CODE},
        "reading.given_back": {"part": Kind.CODE, "idle": Kind.FLAG},
        "reading.shown": {"marks": Kind.COUNT},
        "reading.submitted": {"part": Kind.CODE, "outcome": Kind.CODE, "stage": Kind.CODE, "for_training": Kind.FLAG},
        "decision.made": {"indicator": Kind.CODE, "verdict": Kind.CODE, "state": Kind.CODE, "reason": Kind.CODE},
        "decision.undone": {"indicator": Kind.CODE},
        "ads.stored": {"ads": Kind.COUNT, "changed": Kind.COUNT},  # of groups
        "ads.answered": {"ads": Kind.COUNT},  # what the model said of them was kept
        "ads.gone": {"ads": Kind.COUNT},  # or back: what is known of it was kept
        "ads.dropped": {"ads": Kind.COUNT},  # no group has them any more
        "group.loaded": {"ads": Kind.COUNT, "ties": Kind.COUNT, "merged": Kind.COUNT, "missing": Kind.COUNT},
        "groups.read": {"groups": Kind.COUNT},
        "group.read": {"page": Kind.COUNT},
        "group.noted": {"outcome": Kind.CODE},
        "links.read": {"links": Kind.COUNT},
        "contact.sought": {"texts": Kind.COUNT, "groups": Kind.COUNT},  # never what was sought
        "link.read": {"texts": Kind.COUNT, "groups": Kind.COUNT},
        "switch.turned": {"switch": Kind.CODE, "on": Kind.FLAG, "percent": Kind.COUNT},
        "oversight.read": {"what": Kind.CODE},
        "export.made": {"format": Kind.CODE, "records": Kind.COUNT, "with_text": Kind.FLAG, "numbers": Kind.NUMBERS},
        "store.backed_up": {"cases": Kind.COUNT, "key": Kind.DIGEST},
        "store.restored": {"entries": Kind.COUNT, "erased": Kind.COUNT},
        "masterkey.rotated": {"key": Kind.DIGEST, "rewrapped": Kind.COUNT},
        "audit.verified": {"entries": Kind.COUNT, "intact": Kind.FLAG},
    }
)
"""Every act that is recorded, with the details it may have. An act or detail that is no longer written stays verifiable."""


class NotRecordable(ValueError):
    """An entry would hold what the log does not take; the message says what it takes and never repeats what was given."""


def check_details(act: str, details: Mapping[str, Detail]) -> None:
    """Refuse an act that is not recorded, or details it may not have.

    Raises:
        NotRecordable: see the class.
    """
    rules = ACTS.get(act)
    if rules is None:
        raise NotRecordable("this act is not known; serving/store/acts.py lists those that are, in ACTS")
    if not set(details) <= set(rules):
        raise NotRecordable(f"{act} takes the details {', '.join(rules) or 'none'}, and another was given")
    for name, rule in rules.items():
        value = details.get(name)
        if value is not None and not _fits(rule, value):
            wanted = f"one of {', '.join(rule)}" if isinstance(rule, tuple) else rule.value
            raise NotRecordable(f"{name} of {act} must be {wanted}")


def _fits(rule: Rule, value: Detail) -> bool:
    if isinstance(rule, tuple):
        return isinstance(value, str) and value in rule
    if rule is Kind.FLAG:
        return isinstance(value, bool)
    if rule is Kind.COUNT:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63
    return isinstance(value, str) and len(value) <= _LONGEST[rule] and _PATTERNS[rule].fullmatch(value) is not None


def ranges(numbers: Iterable[int]) -> str:
    """Numbers as a detail of the kind `NUMBERS` has them; 50 of them always fit."""
    found: list[list[int]] = []
    for number in sorted(set(numbers)):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in found)
