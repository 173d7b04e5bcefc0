"""fcc (RFC 8580): a copy of what vacation or notify sends is filed, with the tags of fileinto."""

from __future__ import annotations

from collections.abc import Callable

from shared.sieve.arguments import Arguments
from shared.sieve.filing import target_of
from shared.sieve.outcome import FileInto
from shared.sieve.registry import Extension, TagRow, Value
from shared.sieve.run import Run

_WITH = ("create", "flags", "specialuse", "mailboxid")


def fcc_of(arguments: Arguments) -> Callable[[Run], FileInto] | None:
    """Where the copy goes, None when there is none."""
    mailbox = arguments.tag_texts("fcc")
    if mailbox is None:
        if any(arguments.has(tag) for tag in _WITH):
            raise arguments.fail("this tag needs :fcc")
        return None
    return target_of(arguments, mailbox)


_TAGS = (
    TagRow("fcc", Value.STRING),
    TagRow("create", None, "", "mailbox"),
    TagRow("flags", Value.STRINGS, "", "imap4flags"),
    TagRow("specialuse", Value.STRING, "", "special-use"),
    TagRow("mailboxid", Value.STRING, "", "mailboxid"),
)
EXTENSION = Extension("fcc", tags={"vacation": _TAGS, "notify": _TAGS})
