"""The words of an HTML body as a reader sees them, line by line. Nothing is fetched and nothing is run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from serving.extract.result import Unreadable

if TYPE_CHECKING:
    from lxml.etree import _Element

_UNSEEN = ("script", "style", "head", "template", "object", "svg", "math", "title")
_LINES = frozenset(
    """
    address article aside blockquote center dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav
    ol p pre section table tr ul
    """.split()  # noqa: SIM905 - a list of 32 quoted words would be unreadable
)
_SPACE = re.compile(r"[ \t\r\n\f]+")


def text_of(html: str) -> str:
    """The text of HTML: white space folded as browsers do, a line for each block, a tab between cells.

    Raises:
        Unreadable: nested more deeply than libxml2 reads (damaged), rather than a text cut short.
    """
    from lxml import etree

    if not html.strip():
        return ""
    # The encoding is known from the mail: what the page says of itself no longer holds.
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=False)
    root = etree.fromstring(html.encode("utf-8"), parser)
    if any(error.level_name == "FATAL" for error in parser.error_log):
        raise Unreadable("damaged")
    if root is None:
        return ""
    return lines_of(root)


def lines_of(root: _Element) -> str:
    """The text of an element: white space folded as browsers do, a line for each block, a tab between cells."""
    from lxml import etree

    pieces: list[str] = []
    unseen = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = element.tag
        if tag in _UNSEEN:
            unseen += 1 if event == "start" else -1
        if tag in _LINES or (event == "start" and tag == "br"):
            pieces.append("\n")
        elif event == "end" and tag in ("td", "th"):
            pieces.append("\t")
        piece = element.text if event == "start" else element.tail if element is not root else None
        if piece and not unseen:
            pieces.append(_SPACE.sub(" ", piece))
    lines = "".join(pieces).split("\n")
    return re.sub("\n{3,}", "\n\n", "\n".join(line.strip(" \t") for line in lines)).strip("\n")
