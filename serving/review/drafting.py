"""What the forms of a text hold when they are shown: what was sent in vain, what was pointed at, or a draft."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from markupsafe import Markup, escape

from serving.desk.drafts import REJECT, Kept
from serving.review.moments import moment
from serving.review.numbers import row_number
from serving.review.words import Words


def marks_words(sent: Mapping[str, str]) -> bool:
    """Whether what was sent came from the form that marks words."""
    return sent.get("verdict") in ("correct", "add")


def typed_of(
    text: str,
    kept: Mapping[str, Kept],
    sent: Mapping[str, str],
    pointed: Mapping[str, str],
    places: Mapping[str, Sequence[tuple[int, int]]],
) -> dict[str, str]:
    """What the form that marks words holds.

    Args:
        sent: what was sent and could not be kept.
        pointed: the sign, and the place of its words, that somebody asked to mark. What the text says of it they choose.
        places: where the words of each sign stand that is on the page.
    """
    if marks_words(sent):
        return dict(sent)
    typed = dict(kept["mark"].fields) if "mark" in kept else {}
    if code := pointed.get("mark", ""):
        begun = typed.get("code") == code and bool(typed.get("words"))  # what was typed of the same sign stays
        typed["code"] = code
        if (found := places.get(code)) and not begun:
            words = "\n".join(text[start:end] for start, end in found)
            typed |= {"state": "", "spans": json.dumps(found), "words": words}
    start, end = pointed.get("from", ""), pointed.get("to", "")
    first, last = 0 if start == "0" else row_number(start), row_number(end)
    if first is not None and last is not None and first < last <= len(text):
        typed |= {"state": "", "spans": json.dumps([[first, last]]), "words": text[first:last]}
    return typed


def reasons_of(kept: Mapping[str, Kept], sent: Mapping[str, str]) -> dict[str, str]:
    """The reason to reject that was chosen and not sent, or sent in vain, by indicator."""
    found = {
        part.removeprefix(REJECT): x.fields.get("reason", "") for part, x in kept.items() if part.startswith(REJECT)
    }
    return found | ({sent.get("code", ""): sent.get("reason", "")} if sent.get("verdict") == "reject" else {})


def saved_of(kept: Mapping[str, Kept], words: Words) -> dict[str, Markup]:
    """When what each form holds was kept, in words."""
    return {part: said(x.saved, words) for part, x in kept.items()}


def said(saved: datetime, words: Words) -> Markup:
    """When something was kept, in words; the day only if it is not today."""
    return escape(words.say("draft_saved", moment=moment(saved, words.language, now=datetime.now(UTC))))
