"""duplicate (RFC 7352): whether such a message was seen before. What was seen is remembered with the actions."""

from __future__ import annotations

import hashlib

from shared.sieve.arguments import Arguments
from shared.sieve.outcome import Memory
from shared.sieve.registry import Extension, TagRow, TestFunction, TestRow, Value
from shared.sieve.run import Run
from shared.sieve.text import resolve

_DEFAULT, _MAX = 7 * 86_400, 90 * 86_400  # seconds


def memory_key(handle: str, unique: str) -> str:
    """The key under which an id is remembered."""
    return "duplicate:" + hashlib.sha256(f"{len(handle)}:{handle}:{unique}".encode("utf-8", "replace")).hexdigest()


def _duplicate(arguments: Arguments) -> TestFunction:
    handle, header, unique = (arguments.tag_texts(tag) for tag in ("handle", "header", "uniqueid"))
    given = arguments.tag_number("seconds")
    seconds = min(_DEFAULT if given is None else given, _MAX)
    extends = arguments.has("last")

    def test(run: Run) -> bool:
        if unique is not None:
            value = resolve(unique[0], run)
        else:
            found = run.message.values("message-id" if header is None else resolve(header[0], run))
            if not found:
                return False
            value = found[0]
        if not value:
            return False
        key = memory_key("" if handle is None else resolve(handle[0], run), value)
        seen = run.ask("seen", key) is not None
        if (extends or not seen) and not any(memory.key == key for memory in run.memories):
            run.memories.append(Memory(key, seconds))
        return seen

    return test


_TAGS = (
    TagRow("handle", Value.STRING),
    TagRow("header", Value.STRING, "id"),
    TagRow("uniqueid", Value.STRING, "id"),
    TagRow("seconds", Value.NUMBER),
    TagRow("last"),
)
EXTENSION = Extension("duplicate", tests=(TestRow("duplicate", _duplicate, (), _TAGS),))
