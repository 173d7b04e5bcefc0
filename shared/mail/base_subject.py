"""The base subject (RFC 5256 section 2.1): what is left of a subject without "Re:", "Fwd:", "[list]" and the like."""

from __future__ import annotations

import re

_SPACES = re.compile(r"[ \t\r\n]+")
_BLOB = re.compile(r"\[[^\[\]]*+\] *")
_LEADER = re.compile(r"(?:\[[^\[\]]*+\] *)*+(?:re|fwd?) *(?:\[[^\[\]]*+\] *)?: *", re.IGNORECASE)
_TRAILER, _FORWARD = "(fwd)", "[fwd:"


def base_subject(subject: str) -> tuple[str, bool]:
    """The base subject of a decoded ``subject``, and whether it is that of a reply or forward (section 3).

    To be called with what is cut to a bounded length: each of many prefixes is taken off by itself.
    """
    text = _SPACES.sub(" ", subject).strip(" ")
    answers = False
    while True:
        while text[-5:].lower() == _TRAILER:
            text, answers = text[:-5].rstrip(" "), True
        text, found = _without_prefixes(text)
        answers = answers or found
        if text[:5].lower() != _FORWARD or text[-1] != "]":
            return text, answers
        text, answers = text[5:-1].strip(" "), True


def _without_prefixes(text: str) -> tuple[str, bool]:
    answers = False
    while True:
        if (leader := _LEADER.match(text)) is not None:
            text, answers = text[leader.end() :], True
        elif (blob := _BLOB.match(text)) is not None and blob.end() < len(text):
            text = text[blob.end() :]
        else:
            return text, answers
