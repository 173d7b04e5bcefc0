"""The text that a reader of an HTML body sees, roughly, in linear time. Never parsed as a tree, never fetched."""

from __future__ import annotations

import re
from html import unescape

_HIDDEN = ("script", "style", "head", "title", "template")
_CLOSING = {name: re.compile(f"</{name}\\s*>", re.IGNORECASE) for name in _HIDDEN}
_NAME = re.compile(r"[A-Za-z]+")


def html_to_text(html: str) -> str:
    """``html`` without tags, comments, scripts and styles; character references read; tags part words."""
    out: list[str] = []
    at, size = 0, len(html)
    while at < size:
        start = html.find("<", at)
        if start < 0:
            out.append(html[at:])
            break
        out.append(html[at:start])
        at = _after_tag(html, start)
        out.append(" ")
    text = "".join(out)
    return _unescape(text) if "&" in text else text


def _after_tag(html: str, start: int) -> int:
    """Where the text goes on behind the markup at ``start``; the end where it never closes."""
    if html.startswith("<!--", start):
        end = html.find("-->", start + 4)
        return len(html) if end < 0 else end + 3
    end = html.find(">", start)
    if end < 0:
        return len(html)
    name = _NAME.match(html, start + 1)
    closing = _CLOSING.get(name[0].lower()) if name else None
    if closing is not None and html[end - 1] != "/":
        closed = closing.search(html, end + 1)
        return len(html) if closed is None else closed.end()
    return end + 1


def _unescape(text: str) -> str:
    try:
        return unescape(text)
    except ValueError:  # a number of thousands of digits
        return text
