"""The mechanical set: contrast groups of sentences with slots, for training only, never for evaluation.

A file per indicator: ``kind: note`` or ``kind: ad``, then groups of five lines (``stated``, ``denied``, ``hypothetical``,
``other``, ``lawful``) in markup, where ``[a/b/c]`` is a slot of which one alternative is chosen.
"""

from __future__ import annotations

import random
import re
from pathlib import Path

from training.dataset import InvalidDataset
from training.markup import InvalidMarkup, parse_marked
from triage.indicators import Scheme
from triage.text import Document

_SLOT = re.compile(r"\[([^\[\]]*)\]")
PHRASES = "phrases"
"""The source of these sentences."""
LINES = {
    "stated": "stated",
    "denied": "denied",
    "hypothetical": "hypothetical",
    "other": "other_person",
    "lawful": None,
}
"""Each line of a group with the state its indicator must have; a lawful look-alike has no mark of it."""


def expand(folder: Path, scheme: Scheme, *, variants: int, seed: int) -> list[Document]:
    """`variants` sentences of every line of every group below ``patterns/``, without repeats; the same for the same seed.

    Raises:
        InvalidDataset: a file breaks the format; each problem names file and group.
    """
    chance = random.Random(seed)  # noqa: S311 - variety, not secrecy
    documents: list[Document] = []
    problems: list[str] = []
    for path in sorted((folder / "patterns").glob("*.md")):
        try:
            head, _, rest = path.read_text("utf-8").strip().partition("\n")
        except UnicodeDecodeError as error:
            problems.append(f"{path.name}: {error}")
            continue
        kind = head.removeprefix("kind:").strip()
        if path.stem not in scheme.position or kind not in ("note", "ad"):
            problems.append(f"{path.name}: must be named after an indicator and begin with kind: note or kind: ad")
            continue
        groups = [x for x in re.split(r"\n\s*\n", rest.strip()) if x.strip()]
        for number, group in enumerate(groups, start=1):
            try:
                documents += _expand_group(group, path.stem, kind, f"{path.stem}-{number}", variants, chance)
            except InvalidMarkup as error:
                problems.append(f"{path.name}, group {number}: {error}")
    if problems:
        raise InvalidDataset(problems)
    return documents


def _expand_group(group: str, code: str, kind: str, name: str, variants: int, chance: random.Random) -> list[Document]:
    lines = {}
    for line in group.splitlines():
        key, _, text = line.partition(":")
        lines[key.strip()] = text.strip()
    if set(lines) != set(LINES) or len(group.splitlines()) != len(LINES):
        raise InvalidMarkup(f"a group has the lines {', '.join(LINES)}, once each")
    documents = []
    for key, line in lines.items():
        seen = set()
        for _ in range(variants):
            text, labels = parse_marked(_SLOT.sub(lambda slot: chance.choice(slot[1].split("/")), line))
            states = {x.state for x in labels if x.indicator == code}
            wanted = LINES[key]
            if (wanted is None and states) or (wanted is not None and wanted not in states):
                raise InvalidMarkup(
                    f"the line {key} must {'not mark' if wanted is None else f'mark as {wanted}'} {code}"
                )
            if text not in seen:
                seen.add(text)
                documents.append(Document(f"{name}-{key}-{len(seen)}", kind, text, PHRASES, "da", labels))
    return documents
