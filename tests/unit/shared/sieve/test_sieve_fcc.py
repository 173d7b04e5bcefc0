"""fcc (RFC 8580)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import SieveError
from shared.sieve.outcome import FileInto, Keep, Notify, Vacation
from tests.support.sieve import actions, compiled

KEEP = Keep(implicit=True)


def _vacation(script: str, *more: str) -> Vacation:
    names = ", ".join(f'"{name}"' for name in ("vacation", *more))
    answer, keep = actions(f"require [{names}]; {script}")
    assert keep == KEEP
    assert isinstance(answer, Vacation)
    return answer


def test_fcc() -> None:
    answer = _vacation('vacation :fcc "Sent" :flags "\\\\Seen" "x";', "fcc", "imap4flags")
    assert answer.fcc == FileInto("Sent", ("\\Seen",))
    with pytest.raises(SieveError):
        compiled('require ["vacation", "fcc", "mailbox"]; vacation :create "x";')


@pytest.mark.parametrize(
    ("tags", "names", "copy"),
    [
        ("", (), FileInto("Sent")),
        (":create", ("mailbox",), FileInto("Sent", create=True)),
        (':flags ["\\\\Seen", "New"]', ("imap4flags",), FileInto("Sent", ("\\Seen", "New"))),
        (':specialuse "\\\\Sent"', ("special-use",), FileInto("Sent", special_use="\\Sent")),
        (':mailboxid "F7"', ("mailboxid",), FileInto("Sent", mailbox_id="F7")),
    ],
)
def test_the_tags_of_fileinto_serve_the_copy(tags: str, names: tuple[str, ...], copy: FileInto) -> None:
    """Sections 3.1 to 3.3: each with the extension that brings it."""
    assert _vacation(f'vacation :fcc "Sent" {tags} "x";', "fcc", *names).fcc == copy
    with pytest.raises(SieveError):
        compiled(
            f'require ["vacation", {", ".join(chr(34) + name + chr(34) for name in (*names, "copy"))}]; '
            f'vacation :fcc "Sent" {tags} "x";'
        )
    if tags:
        with pytest.raises(SieveError):
            compiled(f'require ["vacation", "fcc"]; vacation :fcc "Sent" {tags} "x";')


def test_flags_of_the_internal_variable_are_the_copys() -> None:
    """Section 3.2, RFC 5232 section 5."""
    script = 'require ["vacation", "fcc", "imap4flags"]; setflag "New"; vacation :fcc "Sent" "x";'
    answer = actions(script)[0]
    assert isinstance(answer, Vacation)
    assert answer.fcc == FileInto("Sent", ("New",))


def test_the_answer_is_filed_not_the_letter() -> None:
    """Section 3: the implicit keep stays, and nothing else is filed."""
    assert _vacation('vacation :fcc "Sent" "x";', "fcc").fcc == FileInto("Sent")


def test_notifications_are_copied_as_well() -> None:
    """Section 4."""
    notify, _ = actions('require ["enotify", "fcc"]; notify :fcc "Sent" "mailto:x@example.org";')
    assert isinstance(notify, Notify)
    assert notify.fcc == FileInto("Sent")


def test_without_fcc_there_is_no_copy() -> None:
    assert _vacation('vacation "x";', "fcc").fcc is None
