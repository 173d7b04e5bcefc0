"""Rights, quotas and annotations as clients write them."""

from __future__ import annotations

from typing import Any

import pytest

from shared.protocols.imap.events import BadSyntax, Command
from shared.protocols.imap.syntax.getmetadata import ALL, GetMetadata
from shared.protocols.imap.syntax.list import List
from shared.protocols.imap.syntax.setacl import SetAcl
from shared.protocols.imap.syntax.setmetadata import SetMetadata
from shared.protocols.imap.syntax.setquota import SetQuota
from tests.unit.shared.protocols.imap.events import drain, logged_in


def read(octets: bytes) -> Any:
    """What a command says; the error for one that cannot be read."""
    core = logged_in()
    core.feed(b"a " + octets + b"\r\n")
    event = drain(core)[-1]
    return event.value if isinstance(event, Command) else event


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        (b"SETACL INBOX ann lrs", SetAcl("INBOX", "ann", "=", "lrs")),
        (b'SETACL "a b" "-ann lee" +', SetAcl("a b", "-ann lee", "+", "")),
        (b'SETACL INBOX anyone ""', SetAcl("INBOX", "anyone", "=", "")),
        (b"SETACL inbox anyone -cd", SetAcl("INBOX", "anyone", "-", "cd")),
        (b"SETQUOTA root ()", SetQuota("root", ())),
        (b'SETQUOTA "" (storage 5 MESSAGE 0)', SetQuota("", (("STORAGE", 5), ("MESSAGE", 0)))),
        (b'GETMETADATA "" /shared/comment', GetMetadata("", ("/shared/comment",))),
        (b"GETMETADATA (DEPTH 1) x (/a /A /b)", GetMetadata("x", ("/a", "/b"), 1)),
        (b"GETMETADATA x (MAXSIZE 9 DEPTH infinity) /a", GetMetadata("x", ("/a",), ALL, 9)),
        (b'GETMETADATA x ("/a b")', GetMetadata("x", ("/a b",))),
        (b"SETMETADATA x (/Private/a NIL)", SetMetadata("x", (("/private/a", None),))),
        (
            b'SETMETADATA x (/private/a "NIL" /shared/vendor/v/b ~{2+}\r\n\0\xff)',
            SetMetadata("x", (("/private/a", b"NIL"), ("/shared/vendor/v/b", b"\0\xff"))),
        ),
        (
            b'LIST "" * RETURN (MYRIGHTS METADATA (/private/a /private/b))',
            List("", ("*",), returns=frozenset({"MYRIGHTS"}), extended=True, metadata=("/private/a", "/private/b")),
        ),
    ],
)
def test_what_is_meant(octets: bytes, value: object) -> None:
    assert read(octets) == value


@pytest.mark.parametrize(
    "octets",
    [
        b"SETACL INBOX ann lrz",
        b"SETACL INBOX ann LRS",
        b"SETACL INBOX ann +-l",
        b"SETQUOTA x (STORAGE -1)",
        b"SETQUOTA x (STORAGE 99999999999999999999)",
        b"SETQUOTA x STORAGE 1",
        b"GETMETADATA x",
        b"GETMETADATA x ()",
        b"GETMETADATA (DEPTH 2) x /a",
        b"GETMETADATA (DEPTH) x /a",
        b"GETMETADATA x /a/",
        b"GETMETADATA x /",
        b"GETMETADATA x a",
        b"GETMETADATA x (/a (DEPTH 1))",
        b"SETMETADATA x (/private/a)",
        b"SETMETADATA x (/private NIL)",
        b"SETMETADATA x (/other/a NIL)",
        b"SETMETADATA x (/shared/vendor/v NIL)",
        b'LIST "" * RETURN (METADATA ())',
    ],
)
def test_what_cannot_be_meant(octets: bytes) -> None:
    assert isinstance(read(octets), BadSyntax)
