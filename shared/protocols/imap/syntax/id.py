"""ID (RFC 2971)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.tokens import Arguments

MAX_FIELDS = 30  # RFC 2971 section 3.3


class Id(NamedTuple):
    """What the client tells of itself; field names in lower case, values may be missing."""

    fields: tuple[tuple[str, str | None], ...]


def parse(arguments: Arguments) -> Id:
    """``id_params_list``: NIL, or field and value in turn.

    Bare words for strings and commas between them are taken too: what a client says of itself is for the log, and
    no reason to send it away.
    """
    arguments.space()
    if arguments.peek() != b"(":
        arguments.nil()
        return Id(())
    texts = _texts(arguments)
    if len(texts) % 2 or len(texts) > 2 * MAX_FIELDS:
        raise ParseError("Field and value expected in turn, at most 30 of them")
    fields = []
    for name, value in zip(texts[::2], texts[1::2], strict=True):
        if name is None:
            raise ParseError("Field name expected")
        fields.append((name.lower(), value))
    return Id(tuple(fields))


def _texts(arguments: Arguments) -> list[str | None]:
    texts: list[str | None] = []
    arguments.open()
    while not arguments.skip(b")"):
        texts.append(None if arguments.skip_word(b"NIL") else arguments.astring_text())
        while arguments.skip(b" ") or arguments.skip(b","):
            pass
    arguments.leave()
    return texts
