"""imapsieve (RFC 6785): what a script may do, and what it sees, when an IMAP event is its cause."""

from __future__ import annotations

from typing import Any

import pytest

from shared.sieve.errors import InvalidScript, RunProblem
from shared.sieve.extensions.imapsieve import NO_EVENT, ImapEvent, items
from shared.sieve.outcome import FileInto, Keep, Notify, Outcome, Question, Redirect
from tests.support.sieve import compiled, holds, outcome

EVENT = items(ImapEvent("ann", "ann@example.org", "FLAG", "Lists/trio", ("$Junk", "\\Flagged")))
KEEP = (Keep(implicit=True),)


def happened(script: str, *flags: str, **given: Any) -> Outcome:
    """What a script makes of an event on a message with these flags."""
    return outcome(script, flags=flags, environment=EVENT, **given)


def sees(test: str, *required: str, flags: tuple[str, ...] = ()) -> bool:
    return holds(test, "imapsieve", *required, flags=flags, environment=EVENT)


@pytest.mark.parametrize(
    ("item", "value"),
    [
        ("location", "MS"),  # section 4.1
        ("phase", "post"),
        ("imap.user", "ann"),  # 4.2
        ("imap.email", "ann@example.org"),
        ("imap.cause", "FLAG"),  # 4.3
        ("imap.mailbox", "Lists/trio"),  # 4.4
        ("imap.changedflags", "$Junk \\\\Flagged"),  # 4.5
    ],
)
def test_environment_of_an_event(item: str, value: str) -> None:
    assert sees(f'environment :is "{item}" "{value}"', "environment")


@pytest.mark.parametrize("item", ["user", "email", "cause", "mailbox", "changedflags"])
def test_at_delivery_the_items_are_empty(item: str) -> None:
    """Section 4.2: there is no identity of who files; nothing else happened either."""
    given = items(NO_EVENT)
    assert holds(f'environment :is "imap.{item}" ""', "environment", "imapsieve", environment=given)
    assert holds('environment :is "location" "MDA"', "environment", environment=given)
    assert holds('environment :is "phase" "during"', "environment", environment=given)


def test_the_items_need_the_extension() -> None:
    """Section 2.1: scripts that depend on IMAP events require it."""
    assert not holds('environment :is "imap.cause" "FLAG"', "environment", flags=(), environment=EVENT)


def test_the_items_need_environment_as_well() -> None:
    """Section 2.1."""
    with pytest.raises(InvalidScript):
        compiled('require "imapsieve"; if environment "imap.cause" "FLAG" { keep; }')


def test_the_mailbox_stays_what_it_was() -> None:
    """Section 4.4: no action changes the item."""
    script = 'require ["imapsieve", "environment", "fileinto"]; fileinto "Other";'
    assert happened(f'{script} if environment :is "imap.mailbox" "Lists/trio" {{ keep; }}').actions == (
        FileInto("Other", ()),
        Keep(()),
    )


def test_scripts_without_the_extension_run_too() -> None:
    """Section 2.3.1: the entry of the mailbox decides what runs."""
    assert happened("discard;").actions == ()


# --- section 3: actions ---


def test_implicit_keep_and_keep() -> None:
    """Sections 3.1 and 3.2."""
    assert happened("", "\\Seen").actions == (Keep(("\\Seen",), implicit=True),)
    assert happened("keep;", "\\Seen").actions == (Keep(("\\Seen",)),)


def test_fileinto_cancels_the_keep_unless_it_copies() -> None:
    """Section 3.3."""
    assert happened('require "fileinto"; fileinto "A";').actions == (FileInto("A", ()),)
    copies = happened('require ["fileinto", "copy"]; fileinto :copy "A";').actions
    assert copies == (FileInto("A", ()), Keep((), implicit=True))


def test_redirect_cancels_the_keep_unless_it_copies() -> None:
    """Section 3.4."""
    assert happened('redirect "x@example.org";').actions == (Redirect("x@example.org"),)
    assert happened('require "copy"; redirect :copy "x@example.org";').actions[1:] == (Keep((), implicit=True),)


def test_discard_does_nothing_beside_a_keep() -> None:
    """Section 3.5."""
    assert happened("discard;").actions == ()
    assert happened("discard; keep;").actions == (Keep(()),)


def test_notify() -> None:
    """Section 3.6."""
    action, kept = happened('require "enotify"; notify "mailto:x@example.org";').actions
    assert isinstance(action, Notify)
    assert kept == Keep((), implicit=True)


def test_header_changes_are_for_copies() -> None:
    """Section 3.7."""
    script = 'require ["editheader", "fileinto", "copy"]; addheader "X-New" "1"; fileinto :copy "A";'
    into = happened(script).actions[0]
    assert isinstance(into, FileInto)
    assert into.content is not None
    assert into.content.header.startswith(b"X-New: 1\r\n")


def test_flags_begin_with_those_of_the_message() -> None:
    """Sections 2.2.3 and 3.8: hasflag sees them as they are after the change."""
    assert sees('hasflag "\\\\Flagged"', "imap4flags", flags=("\\Flagged", "$Junk"))
    assert not sees('hasflag "\\\\Flagged"', "imap4flags")
    assert happened('require "imap4flags"; addflag "New";', "Old").flags == ("Old", "New")
    assert happened('require "imap4flags"; removeflag "old";', "Old").flags == ()
    assert happened('require "imap4flags"; setflag "New"; discard;', "Old").flags == ("New",)


def test_copies_have_the_flags_of_the_message() -> None:
    """Section 3.3: the message is copied; RFC 5232 section 5: with the flags of that moment."""
    script = 'require ["imap4flags", "fileinto"]; addflag "New"; fileinto "A"; fileinto :flags "Own" "B";'
    assert happened(script, "Old").actions == (FileInto("A", ("Old", "New")), FileInto("B", ("Own",)))


def test_mime_parts_may_be_looked_at_and_replaced() -> None:
    """Section 3.9."""
    script = 'require ["foreverypart", "mime", "replace", "fileinto"]; foreverypart { replace "x"; } fileinto "A";'
    into = happened(script).actions[0]
    assert isinstance(into, FileInto)
    assert into.content is not None


def test_spamtest_and_virustest() -> None:
    """Section 3.10."""
    script = 'require ["spamtest", "relational", "comparator-i;ascii-numeric"];'
    script += 'if spamtest :value "ge" :comparator "i;ascii-numeric" "9" { discard; }'
    assert happened(script, spam=1.0).actions == ()
    assert happened('require "virustest"; if virustest "5" { discard; }', virus=5).actions == ()


@pytest.mark.parametrize("name", ["reject", "ereject", "vacation", "vacation-seconds"])
def test_what_answers_a_delivery_ends_the_script(name: str) -> None:
    """Section 3.11: already in require."""
    result = happened(f'require ["{name}", "fileinto"]; fileinto "A";')
    assert isinstance(result.error, RunProblem)
    assert result.actions == KEEP
    assert outcome(f'require ["{name}", "fileinto"]; fileinto "A";').error is None


@pytest.mark.parametrize(("name", "use"), [("vacation", 'vacation "x"'), ("reject", 'reject "x"')])
def test_its_use_ends_the_script(name: str, use: str) -> None:
    """Section 3.11: ihave finds it missing, and what is used all the same is an error."""
    assert happened(f'require "ihave"; if ihave "{name}" {{ {use}; }}').error is None
    result = happened(f'require "ihave"; if not ihave "{name}" {{ {use}; }}')
    assert isinstance(result.error, RunProblem)
    assert result.actions == KEEP


def test_an_included_script_is_held_to_it_as_well() -> None:
    facts = {Question("script", ("personal", "inner")): 'require "vacation"; vacation "x";'}
    result = happened('require "include"; include "inner";', facts=facts)
    assert isinstance(result.error, RunProblem)


@pytest.mark.parametrize("part", ["from", "to", "auth"])
def test_envelope_tests_are_errors(part: str) -> None:
    """Section 4.6."""
    result = happened(f'require "envelope"; if envelope "{part}" "x" {{ discard; }}')
    assert isinstance(result.error, RunProblem)
    assert happened('require "envelope"; discard;').error is None  # its use alone is one


def test_other_tests_work_as_ever() -> None:
    """Section 4.6."""
    assert sees('header :contains "subject" "from"')
    assert sees('address :domain "from" "example.org"')
    assert sees("size :under 1K")


# --- section 5: the examples ---

ITEMS = """require ["copy", "environment", "imapsieve"];
if anyof (environment :is "imap.cause" "APPEND", environment :is "imap.cause" "COPY") {
    if environment :is "imap.mailbox" "ActionItems" { redirect :copy "actionitems@example.com"; }
}"""
IMPORTANT = """require ["enotify", "imap4flags", "variables", "environment", "imapsieve"];
if environment :matches "imap.mailbox" "*" { set "mailbox" "${1}"; }
if allof (hasflag "\\\\Flagged", environment :contains "imap.changedflags" "\\\\Flagged") {
  notify :message "Important message in ${mailbox}" "mailto:tim@example.com";
}"""


@pytest.mark.parametrize(("cause", "sends"), [("APPEND", True), ("COPY", True), ("FLAG", False)])
def test_example_1(cause: str, sends: bool) -> None:
    given = items(ImapEvent("a", "a", cause, "ActionItems"))
    found = outcome(ITEMS, flags=(), environment=given)
    assert any(isinstance(one, Redirect) for one in found.actions) is sends


@pytest.mark.parametrize(
    ("flags", "changed", "notifies"),
    [
        (("\\Flagged",), ("\\Flagged",), True),
        (("\\Flagged",), ("\\Seen",), False),
        ((), ("\\Flagged",), False),
    ],
)
def test_example_2(flags: tuple[str, ...], changed: tuple[str, ...], notifies: bool) -> None:
    given = items(ImapEvent("a", "a", "FLAG", "INBOX", changed))
    found = [one for one in outcome(IMPORTANT, flags=flags, environment=given).actions if isinstance(one, Notify)]
    assert [one.message for one in found] == ["Important message in INBOX"] * notifies
