"""The closed sets that labels and attributes are taken from. What is in none of them is called `other`."""

from __future__ import annotations

from collections.abc import Collection

from serving.api.problems import TYPES

OTHER = "other"
NO_ROUTE = "(no such route)"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SOURCES = ("api", "desk", "page")
"""Who had a text tagged: a system, the review desk, or somebody who pasted it."""
STATUSES = ("tagged", "abstained", "failed")
REASONS = ("too_short", "language", "unfamiliar_text")
"""Why the tagger abstains."""
STAGES = ("read", "queue", "tokens", "encode", "answer", "tag", "whole", "claim", "extract", "keep")
"""Where time goes: reading and checking a body, waiting for the model, cutting and tokenising, the encoder, what is made of its
scores, all that happens to a text in a worker, all texts of one call; and of the desk's work: taking texts, reading a file,
storing answers."""
REFUSALS = tuple(TYPES)
"""Why a call is turned away: the types of problems."""
WORK = ("tagging", "step")
"""Work beside requests that can fail: the model on one text, or a step of all of it."""
ANCHOR_FAULTS = ("broken", "unusable", "io")
UNREADABLE_REASONS = ("tampered", "key_lost")


def known(value: object, among: Collection[str]) -> str:
    """The value if it is one of a closed set, else `other`."""
    return value if isinstance(value, str) and value in among else OTHER
