"""FETCH: macros, sections, partials, modifiers."""

from __future__ import annotations

import pytest

from shared.protocols.imap.events import BadSyntax
from shared.protocols.imap.syntax.fetch import Fetch, Item
from shared.protocols.imap.syntax.section import Section
from tests.unit.shared.protocols.imap.events import parsed


def _items(items: str) -> object:
    value = parsed(f"FETCH 1 {items}")
    return value.items if isinstance(value, Fetch) else value


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("FLAGS", (Item.FLAGS,)),
        ("(UID flags UID)", (Item.UID, Item.FLAGS)),
        ("FAST", (Item.FLAGS, Item.INTERNALDATE, Item.SIZE)),
        ("ALL", (Item.FLAGS, Item.INTERNALDATE, Item.SIZE, Item.ENVELOPE)),
        ("full", (Item.FLAGS, Item.INTERNALDATE, Item.SIZE, Item.ENVELOPE, Item.BODY)),
        ("(BODY BODYSTRUCTURE MODSEQ)", (Item.BODY, Item.BODYSTRUCTURE, Item.MODSEQ)),
        ("PREVIEW (LAZY)", (Item.PREVIEW,)),
        ("(preview (lazy) EMAILID threadid SaveDate)", (Item.PREVIEW, Item.EMAILID, Item.THREADID, Item.SAVEDATE)),
        ("RFC822", (Section((), "", (), False, None, b"RFC822"),)),
        ("RFC822.HEADER", (Section((), "HEADER", (), True, None, b"RFC822.HEADER"),)),
        ("RFC822.TEXT", (Section((), "TEXT", (), False, None, b"RFC822.TEXT"),)),
        ("BODY[]", (Section((), "", (), False, None, b"BODY[]"),)),
        ("body.peek[text]<10.20>", (Section((), "TEXT", (), True, (10, 20), b"BODY[TEXT]<10>"),)),
        ("BODY[1.2.MIME]", (Section((1, 2), "MIME", (), False, None, b"BODY[1.2.MIME]"),)),
        ("BODY[3]", (Section((3,), "", (), False, None, b"BODY[3]"),)),
        (
            'BODY.PEEK[1.HEADER.FIELDS.NOT (To "x-y" "a b")]',
            (
                Section(
                    (1,),
                    "HEADER.FIELDS.NOT",
                    ("To", "x-y", "a b"),
                    True,
                    None,
                    b'BODY[1.HEADER.FIELDS.NOT (To x-y "a b")]',
                ),
            ),
        ),
    ],
)
def test_items(text: str, items: object) -> None:
    assert _items(text) == items


def test_changed_since() -> None:
    value = parsed("UID FETCH 1:* (FLAGS) (CHANGEDSINCE 12345)")
    assert isinstance(value, Fetch)
    assert (value.uid, value.modifiers.changed_since, value.items) == (True, 12345, (Item.FLAGS,))


def test_field_names_as_literals() -> None:
    value = parsed(b"FETCH 1 BODY[HEADER.FIELDS ({4+}\r\nDate To)]")
    assert isinstance(value, Fetch)
    assert value.items[0] == Section(
        (), "HEADER.FIELDS", ("Date", "To"), False, None, b"BODY[HEADER.FIELDS (Date To)]"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "()",
        "(ALL)",
        "(FLAGS",
        "FLAGS UID",
        "FOO",
        "BODY[0]",
        "BODY[1.0]",
        "BODY[MIME]",
        "BODY[1..2]",
        "BODY[.1]",
        "BODY[TEXT.1]",
        "BODY[HEADER.FIELDS]",
        "BODY[HEADER.FIELDS ()]",
        "BODY[]<1>",
        "BODY[]<1.0>",
        "BODY[]<-1.5>",
        "BODY[",
        "BODY.PEEK",
        "BODY[" + "1." * 200 + "1]",
        "RFC822.PEEK",
        "FLAGS (CHANGEDSINCE)",
        "FLAGS (CHANGEDSINCE 1) x",
        "(" * 4000,
    ],
)
def test_refused(text: str) -> None:
    assert isinstance(_items(text), BadSyntax)
