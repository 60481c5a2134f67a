"""Word documents: paragraphs and tables in order, headers, footers and notes once each. Macros are never looked at."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from serving.extract.result import Item, Problem, part_of

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_CHARACTERS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "\u2011", "softHyphen": "\u00ad"}
_AROUND = ("header", "footnotes", "endnotes", "footer")
_UNSEEN = frozenset({f"{_W}del", f"{_W}moveFrom", f"{_W}pPr", f"{_W}rPr", f"{_W}instrText", f"{_W}delText", _FALLBACK})
"""What a reader of the finished document does not see: deletions, properties, and second versions of one drawing."""


def read_docx(data: bytes, label: str, place: str) -> Iterator[Item]:
    """The text of a document, as one part."""
    from docx.package import Package

    package = Package.open(BytesIO(data))
    main = package.main_document_part
    around: dict[str, dict[str, None]] = {kind: {} for kind in _AROUND}
    for relation in main.rels.values():
        kind = relation.reltype.rsplit("/", 1)[-1]
        if relation.is_external or kind not in (*_AROUND, "comments"):
            continue
        text = _text(relation.target_part.blob)
        if kind == "comments" and text.strip():
            yield Problem("comments_left_out", place)
        elif kind in around and text.strip():
            around[kind][text] = None  # first pages and even pages often repeat one header
    texts = [*around["header"], _text(main.blob), *around["footnotes"], *around["endnotes"], *around["footer"]]
    yield part_of(label, "\n\n".join(x for x in texts if x.strip()), place)


def _text(xml: bytes) -> str:
    from lxml import etree

    # python-docx's own `text` passes over content controls and insertions, which Danish templates are full of.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    return "\n".join(_lines(etree.fromstring(xml, parser)))


def _lines(element: Any) -> Iterator[str]:
    """Lines of the blocks below an element: one for a paragraph, one for a row of a table with tabs between cells."""
    for child in element:
        if child.tag == f"{_W}p":
            yield from _paragraph(child)
        elif child.tag == f"{_W}tr":
            yield "\t".join("\n".join(_lines(cell)) for cell in _cells(child))
        elif child.tag not in _UNSEEN:
            yield from _lines(child)


def _cells(row: Any) -> Iterator[Any]:
    for child in row:
        if child.tag == f"{_W}tc":
            yield child
        elif child.tag not in _UNSEEN:
            yield from _cells(child)


def _paragraph(paragraph: Any) -> Iterator[str]:
    boxes: list[str] = []
    yield "".join(_runs(paragraph, boxes))
    yield from boxes  # a text box hangs on the paragraph it is anchored in


def _runs(element: Any, boxes: list[str]) -> Iterator[str]:
    for child in element:
        if child.tag == f"{_W}t":
            yield child.text or ""
        elif child.tag == f"{_W}txbxContent":
            boxes.extend(_lines(child))
        elif child.tag not in _UNSEEN and isinstance(child.tag, str):
            yield _CHARACTERS.get(child.tag.removeprefix(_W), "")
            yield from _runs(child, boxes)
