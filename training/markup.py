"""The markup texts are written in, and its parser. Offsets are never typed by hand.

A file holds blocks: ``### id``, header lines ``kind:``, ``source:`` and, where wanted, ``lang:`` and ``scenario:``, a line
``---``, then the text. In the text ``{code|span}``, ``{code:denied|span}`` and ``{code1,code2:denied|span}`` mark words (each
code with its own state; nesting allowed). A literal brace is written ``\\{`` or ``\\}``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from triage.text import STATES, Document, Label, Span

_MARK = re.compile(r"\{([a-z][a-z0-9_]*(?::[a-z_]*)?(?:\s*,\s*[a-z][a-z0-9_]*(?::[a-z_]*)?)*)\|")
_HEADERS = {"kind", "source", "lang", "scenario"}


class InvalidMarkup(ValueError):
    """A text in markup breaks the rules; the message names the block and the rule, not the text."""


@dataclass(frozen=True, slots=True)
class WrittenText:
    """One text as written: the document and the scenario it tells of."""

    document: Document
    scenario: str
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further header lines, for data sets that have their own."""


def parse_marked(marked: str) -> tuple[str, tuple[Label, ...]]:
    """The plain text and the labels of a marked one; labels in order of first appearance, one per (code, state).

    Raises:
        InvalidMarkup: a brace stands alone, a mark is empty, or a state is not known.
    """
    plain: list[str] = []
    open_marks: list[tuple[str, int]] = []
    marks: list[tuple[int, int, str, str]] = []
    position = 0
    while position < len(marked):
        char = marked[position]
        if char == "\\" and marked[position + 1 : position + 2] in ("{", "}"):
            plain.append(marked[position + 1])
            position += 2
            continue
        if char == "{":
            match = _MARK.match(marked, position)
            if match is None:
                raise InvalidMarkup(f"a brace at character {position} opens no mark; write a literal one as \\{{")
            open_marks.append((match[1], len(plain)))
            position = match.end()
            continue
        if char == "}":
            if not open_marks:
                raise InvalidMarkup(f"a brace at character {position} closes no mark; write a literal one as \\}}")
            codes, start = open_marks.pop()
            if start == len(plain):
                raise InvalidMarkup(f"the mark that ends at character {position} has no words")
            for item in codes.split(","):
                code, _, state = item.strip().partition(":")
                state = state or "stated"
                if state not in STATES:
                    raise InvalidMarkup(f"the state {state!r} is not one of {', '.join(STATES)}")
                marks.append((start, len(plain), code, state))
        else:
            plain.append(char)
        position += 1
    if open_marks:
        raise InvalidMarkup(f"the mark {open_marks[-1][0]!r} is never closed")
    grouped: dict[tuple[str, str], list[Span]] = {}
    for start, end, code, state in sorted(marks):
        grouped.setdefault((code, state), []).append(Span(start, end))
    return "".join(plain), tuple(Label(code, state, tuple(spans)) for (code, state), spans in grouped.items())


def parse_markup(raw: str, further: Collection[str] = ()) -> list[WrittenText]:
    """All texts of a markup file, in order; `further` names the headers that each text must have besides the usual.

    Raises:
        InvalidMarkup: a block breaks the rules or an id stands twice.
    """
    texts: list[WrittenText] = []
    seen: set[str] = set()
    blocks = re.split(r"^### ", raw.removeprefix("\ufeff").replace("\r\n", "\n"), flags=re.MULTILINE)
    if blocks[0].strip():
        raise InvalidMarkup("the file must begin with a line '### id'")
    for block in blocks[1:]:
        head, separator, body = block.partition("\n---\n")
        identifier, *lines = head.split("\n")
        identifier = identifier.strip()
        try:
            texts.append(_parse_block(identifier, lines, separator, body, further))
        except InvalidMarkup as error:
            raise InvalidMarkup(f"{identifier or 'a block without id'}: {error}") from None
        if identifier in seen:
            raise InvalidMarkup(f"{identifier}: the id stands twice")
        seen.add(identifier)
    return texts


def _parse_block(identifier: str, lines: list[str], separator: str, body: str, further: Collection[str]) -> WrittenText:
    if not identifier:
        raise InvalidMarkup("'### ' must be followed by an id")
    if not separator:
        raise InvalidMarkup("a line '---' between header and text is missing")
    header: dict[str, str] = {}
    for line in lines:
        key, colon, value = line.partition(":")
        if not colon or key.strip() not in {*_HEADERS, *further} or not value.strip():
            raise InvalidMarkup(f"header lines are {', '.join(sorted({*_HEADERS, *further}))}, each with a value")
        header[key.strip()] = value.strip()
    if header.get("kind") not in ("note", "ad"):
        raise InvalidMarkup("kind must be note or ad")
    if "source" not in header:
        raise InvalidMarkup("source is missing")
    if missing := [name for name in further if name not in header]:
        raise InvalidMarkup(f"{', '.join(missing)} is missing")
    text, labels = parse_marked(body.strip("\n"))
    if not text.strip():
        raise InvalidMarkup("the text is empty")
    document = Document(identifier, header["kind"], text, header["source"], header.get("lang", "da"), labels)
    return WrittenText(document, header.get("scenario", identifier), {name: header[name] for name in further})


def to_markup(document: Document, scenario: str | None = None) -> str:
    """The block of a document: the inverse of `parse_markup`, for correcting texts by hand.

    Raises:
        InvalidMarkup: spans cross without one lying inside the other, which markup cannot write.
    """
    marks: dict[tuple[int, int], list[str]] = {}
    for label in document.labels:
        for span in label.spans:
            marks.setdefault((span.start, span.end), []).append(
                label.indicator + ("" if label.state == "stated" else f":{label.state}")
            )
    opens: dict[int, list[tuple[int, str]]] = {}
    closes: dict[int, int] = {}
    stack: list[int] = []
    for (start, end), codes in sorted(marks.items(), key=lambda item: (item[0][0], -item[0][1])):
        while stack and stack[-1] <= start:
            stack.pop()
        if stack and end > stack[-1]:
            raise InvalidMarkup(f"{document.id}: the spans [{start}, {end}] and another cross")
        stack.append(end)
        opens.setdefault(start, []).append((end, "{" + ",".join(codes) + "|"))
        closes[end] = closes.get(end, 0) + 1
    pieces = []
    for index, char in enumerate(document.text + "\0"):
        pieces.append("}" * closes.get(index, 0))
        pieces.extend(mark for _, mark in opens.get(index, []))
        pieces.append("\\" + char if char in "{}" else char)
    head = [f"### {document.id}", f"kind: {document.kind}", f"source: {document.source or 'unknown'}"]
    if scenario:
        head.append(f"scenario: {scenario}")
    return "\n".join([*head, "---", "".join(pieces).removesuffix("\0"), ""])
