"""What each command says, and what is refused."""

from __future__ import annotations

import pytest

from shared.protocols.imap.events import BadSyntax
from shared.protocols.imap.grammar import ROWS
from shared.protocols.imap.sets import SequenceSet
from shared.protocols.imap.syntax.append import Append, Message
from shared.protocols.imap.syntax.authenticate import Authenticate
from shared.protocols.imap.syntax.copy import Copy
from shared.protocols.imap.syntax.create import Create
from shared.protocols.imap.syntax.delete import Delete
from shared.protocols.imap.syntax.enable import Enable
from shared.protocols.imap.syntax.expunge import Expunge
from shared.protocols.imap.syntax.id import Id
from shared.protocols.imap.syntax.list import List
from shared.protocols.imap.syntax.login import Login
from shared.protocols.imap.syntax.move import Move
from shared.protocols.imap.syntax.rename import Rename
from shared.protocols.imap.syntax.select import Resync, Select
from shared.protocols.imap.syntax.status import Status
from shared.protocols.imap.syntax.store import Mode, Store
from shared.protocols.imap.syntax.subscribe import Subscribe
from tests.unit.shared.protocols.imap.events import parsed

_ONE = SequenceSet(((1, 1),))
_ALL = SequenceSet(((1, 0),))


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("LOGIN joe secret", Login("joe", "secret")),
        ('LOGIN "joe" "s\\"c\\\\t"', Login("joe", 's"c\\t')),
        ("AUTHENTICATE plain", Authenticate("PLAIN")),
        ("AUTHENTICATE PLAIN =", Authenticate("PLAIN", b"")),
        ("AUTHENTICATE PLAIN AGpvZQBwdw==", Authenticate("PLAIN", b"AGpvZQBwdw==")),
        ("SELECT inbox", Select("INBOX", True)),
        ("SELECT inbox (QRESYNC (7 9))", Select("INBOX", True, resync=Resync(7, 9))),
        ("EXAMINE a (CONDSTORE QRESYNC (7 9 1))", Select("a", False, True, Resync(7, 9, _ONE))),
        ("SELECT a (QRESYNC (7 9 (1 1)))", Select("a", True, resync=Resync(7, 9, None, _ONE, _ONE))),
        ("SELECT a (QRESYNC (7 9 1 (1 1)))", Select("a", True, resync=Resync(7, 9, _ONE, _ONE, _ONE))),
        ("SELECT Entw&APw-rfe (CONDSTORE)", Select("Entwürfe", True, True)),
        ("EXAMINE foo", Select("foo", False)),
        ("CREATE a/b", Create("a/b")),
        ("CREATE a (USE (\\Sent \\Sent))", Create("a", ("\\Sent",))),
        ("DELETE a", Delete("a")),
        ('RENAME a "b c"', Rename("a", "b c")),
        ("SUBSCRIBE a", Subscribe("a", True)),
        ("UNSUBSCRIBE a", Subscribe("a", False)),
        ('LIST "" *', List("", ("*",))),
        ('LSUB "a." %', List("a.", ("%",), lsub=True)),
        (
            'LIST (SUBSCRIBED RECURSIVEMATCH) "" (a "b*") RETURN (CHILDREN STATUS (MESSAGES UNSEEN))',
            List(
                "",
                ("a", "b*"),
                frozenset({"SUBSCRIBED", "RECURSIVEMATCH"}),
                frozenset({"CHILDREN"}),
                ("MESSAGES", "UNSEEN"),
                extended=True,
            ),
        ),
        ('LIST "" a RETURN ()', List("", ("a",), extended=True)),
        ("STATUS a (MESSAGES highestmodseq MESSAGES)", Status("a", ("MESSAGES", "HIGHESTMODSEQ"))),
        ("APPEND a {3+}\r\nabc", Append("a", (Message((), None, (b"abc",)),))),
        ("ID NIL", Id(())),
        ('ID ("Name" "x" "os" NIL)', Id((("name", "x"), ("os", None)))),
        ('ID ("a", "b" "version" 1.2)', Id((("a", "b"), ("version", "1.2")))),
        ("ENABLE condstore X", Enable(("CONDSTORE", "X"))),
        ("EXPUNGE", Expunge(False)),
        ("UID EXPUNGE 1:*", Expunge(True, _ALL)),
        ("STORE 1 +FLAGS (\\Seen)", Store(False, _ONE, Mode.ADD, False, ("\\Seen",))),
        ("UID STORE 1 -flags.silent \\Seen x", Store(True, _ONE, Mode.REMOVE, True, ("\\Seen", "x"))),
        ("STORE 1 (UNCHANGEDSINCE 12) FLAGS ()", Store(False, _ONE, Mode.REPLACE, False, (), 12)),
        ("COPY 1 a", Copy(False, _ONE, "a")),
        ("UID MOVE 1:* a", Move(True, _ALL, "a")),
    ],
)
def test_commands(line: str, value: object) -> None:
    assert parsed(line) == value


@pytest.mark.parametrize(
    "line",
    [
        "LOGIN joe",
        "LOGIN joe secret x",
        "AUTHENTICATE PLAIN *",
        "SELECT",
        "SELECT a (FOO)",
        "SELECT a&b",
        'SELECT "a\tb"',
        "CREATE a (USE)",
        "LIST a",
        'LIST "" ()',
        'LIST (RECURSIVEMATCH) "" *',
        'LIST (FOO) "" *',
        'LIST "" * RETURN (FOO)',
        "STATUS a ()",
        "STATUS a (FOO)",
        "STATUS a MESSAGES",
        "APPEND a",
        "APPEND a hello",
        "APPEND a {3+}\r\nabc x",
        'ID ("a")',
        'ID (NIL "a")',
        "ENABLE",
        "EXPUNGE 1",
        "UID EXPUNGE",
        "STORE 1 FOO (\\Seen)",
        "STORE 1 FLAGS",
        "STORE 0 FLAGS ()",
        "STORE 1 (UNCHANGEDSINCE) FLAGS ()",
        "COPY a",
        "UID SELECT a",
        "CHECK x",
    ],
)
def test_refused(line: str) -> None:
    value = parsed(line)
    assert isinstance(value, BadSyntax)
    assert value.tag == "a1"
    assert value.status == "BAD"


def test_every_file_of_the_syntax_is_in_the_table() -> None:
    modules = {row.parse.__module__.rpartition(".")[2] for row in ROWS}
    assert {"append", "fetch", "search", "list", "noop"} <= modules
    assert [row.name for row in ROWS] == sorted(row.name for row in ROWS)
