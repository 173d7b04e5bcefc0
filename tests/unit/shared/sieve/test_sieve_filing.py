"""fileinto, copy, mailbox, special-use, mailboxid, imap4flags: where copies go, and with which flags."""

from __future__ import annotations

import pytest

from shared.sieve.errors import RunProblem, SieveError
from shared.sieve.outcome import FileInto, Keep, Question, Redirect
from tests.support.sieve import actions, compiled, holds, outcome


def test_fileinto_files_and_cancels_the_keep() -> None:
    assert actions('require "fileinto"; fileinto "Lists/Été";') == (FileInto("Lists/Été"),)
    assert actions('require "fileinto"; fileinto "A"; fileinto "A"; keep;') == (FileInto("A"), Keep())


def test_a_name_that_cannot_be_one_is_an_error() -> None:
    for name in ("", "a\nb", "x" * 1001):
        assert isinstance(outcome(f'require "fileinto"; fileinto "{name}";').error, RunProblem)


def test_copy_leaves_the_implicit_keep() -> None:
    assert actions('require ["copy", "fileinto"]; fileinto :copy "A";') == (FileInto("A"), Keep(implicit=True))
    assert actions('require "copy"; redirect :copy "a@b.example";') == (
        Redirect("a@b.example"),
        Keep(implicit=True),
    )
    with pytest.raises(SieveError):
        compiled('redirect :copy "a@b.example";')


def test_create_and_mailboxexists() -> None:
    assert actions('require ["mailbox", "fileinto"]; fileinto :create "A";') == (FileInto("A", create=True),)
    facts = {Question("mailbox-exists", ("A",)): "1", Question("mailbox-exists", ("B",)): None}
    assert holds('mailboxexists "A"', "mailbox", facts=facts)
    assert not holds('mailboxexists ["A", "B"]', "mailbox", facts=facts)


def test_an_open_question_is_told() -> None:
    result = outcome('require "mailbox"; if mailboxexists ["A", "B"] { discard; }')
    assert result.unknown == (Question("mailbox-exists", ("A",)), Question("mailbox-exists", ("B",)))


def test_special_use() -> None:
    facts = {Question("special-use", ("\\junk", "")): "1", Question("special-use", ("\\junk", "A")): None}
    assert holds('specialuse_exists "\\\\Junk"', "special-use", facts=facts)
    assert not holds('specialuse_exists "A" "\\\\Junk"', "special-use", facts=facts)
    script = 'require ["special-use", "fileinto"]; fileinto :specialuse "\\\\Junk" "Spam";'
    assert actions(script) == (FileInto("Spam", special_use="\\Junk"),)


def test_mailboxid() -> None:
    assert holds('mailboxidexists "F7"', "mailboxid", facts={Question("mailbox-id", ("F7",)): "1"})
    assert actions('require ["mailboxid", "fileinto"]; fileinto :mailboxid "F7" "A";') == (
        FileInto("A", mailbox_id="F7"),
    )


FLAGS = 'require ["imap4flags", "fileinto", "variables", "relational"];'


def test_flags_of_the_internal_variable_go_with_what_is_filed_later() -> None:
    assert actions(FLAGS + 'fileinto "A"; setflag "\\\\seen"; fileinto "B";') == (
        FileInto("A"),
        FileInto("B", ("\\Seen",)),
    )
    assert actions(FLAGS + 'addflag ["\\\\Flagged", "Work work"];') == (Keep(("\\Flagged", "Work"), implicit=True),)


def test_flags_tag_overrides() -> None:
    assert actions(FLAGS + 'setflag "\\\\Seen"; keep :flags "\\\\Deleted";') == (Keep(("\\Deleted",)),)
    assert actions(FLAGS + 'setflag "\\\\Seen"; keep :flags "";') == (Keep(()),)


def test_removeflag_and_setflag_again() -> None:
    assert actions(FLAGS + 'addflag "a b c"; removeflag ["B", "c"];') == (Keep(("a",), implicit=True),)
    assert actions(FLAGS + 'addflag "a"; setflag "b";') == (Keep(("b",), implicit=True),)


def test_what_is_no_flag_is_left_out() -> None:
    assert actions(FLAGS + 'setflag ["\\\\Recent", "a(b", "ok"];') == (Keep(("ok",), implicit=True),)


@pytest.mark.parametrize(
    ("test", "is_true"),
    [
        ('hasflag "B"', True),
        ('hasflag ["x", "\\\\seen"]', True),
        ('hasflag "x"', False),
        ('hasflag :contains "EE"', True),
        ('hasflag :count "ge" :comparator "i;ascii-numeric" "2"', True),
        ('hasflag "mine" "c"', True),
        ('hasflag ["mine", "yours"] "d"', False),
        ('hasflag "x b"', True),
    ],
)
def test_hasflag(test: str, is_true: bool) -> None:
    names = ("imap4flags", "variables", "relational", "comparator-i;ascii-numeric")
    assert holds(test, *names, before='setflag "\\\\Seen b"; setflag "mine" "c";') is is_true


def test_a_variable_needs_variables() -> None:
    with pytest.raises(SieveError):
        compiled('require "imap4flags"; setflag "a" "b";')
