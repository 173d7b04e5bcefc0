"""Annotations of mailboxes and of the server (RFC 5464)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from services.storage.rules.metadata import SPECIAL_USE, BadEntry, validate, wanted
from services.storage.tables.annotations import annotation
from shared.contracts import mailboxes, metadata
from shared.contracts.errors import Code, Refused
from shared.contracts.mailboxes import Named
from shared.contracts.metadata import Annotated, Annotation, Get, Set, metadata_changed
from tests.support.storage import ADMINISTRATOR, ANNOTATIONS, GRANT, Store

COMMENT = "/private/comment"


def put(store: Store, name: str = "INBOX", *, asker: int = 0, **values: Any) -> None:
    given = tuple(Annotation(f"/{scope}/comment", value) for scope, value in values.items())
    store.call(metadata.set, Set(GRANT, name, given), account=asker)


def refused(store: Store, name: str, *given: Annotation, asker: int = 0) -> Refused:
    with pytest.raises(Refused) as found:
        store.call(metadata.set, Set(GRANT, name, given), account=asker)
    return found.value


def of(store: Store, *names: str, entries: tuple[str, ...] = ("/private", "/shared"), asker: int = 0) -> Any:
    return store.call(metadata.get, Get(GRANT, names, entries, metadata.ALL), account=asker).mailboxes


def test_private_ones_are_seen_by_their_owner_alone(store: Store) -> None:
    ann = store.add_account("ann@example.org")
    store.share("INBOX", "ann", "lr")
    put(store, private=b"bob", shared=b"all")
    put(store, "#user/bob/INBOX", asker=ann, private=b"ann")
    (mine,) = of(store, "INBOX")
    (theirs,) = of(store, "#user/bob/INBOX", asker=ann)
    assert dict(mine.annotations) == {COMMENT: b"bob", "/shared/comment": b"all"}
    assert dict(theirs.annotations) == {COMMENT: b"ann", "/shared/comment": b"all"}


def test_a_notice_says_whose_they_are(store: Store) -> None:
    store.announcements.clear()
    put(store, private=b"bob", shared=b"all")
    told = [each.payload for each in store.announcements if each.event is metadata_changed]
    assert {(each.account, each.names) for each in told} == {(store.bob, (COMMENT,)), (0, ("/shared/comment",))}


def test_limits_hold_and_shrinking_is_always_allowed(store: Store) -> None:
    long = refused(store, "INBOX", Annotation(COMMENT, b"x" * (ANNOTATIONS.value + 1)))
    assert (long.code, long.data) == (Code.LIMIT, f"size {ANNOTATIONS.value}")
    many = tuple(Annotation(f"/private/{number}", b"") for number in range(ANNOTATIONS.count))
    store.call(metadata.set, Set(GRANT, "INBOX", many))
    assert refused(store, "INBOX", Annotation(COMMENT, b"")).data == "count"
    store.call(metadata.set, Set(GRANT, "INBOX", (Annotation("/private/0", None), Annotation(COMMENT, b""))))
    full = tuple(Annotation(f"/private/{number}", b"x" * 1024) for number in range(1, 5))
    store.call(metadata.set, Set(GRANT, "INBOX", full))
    assert refused(store, "INBOX", Annotation(COMMENT, b"x")).data == "count"
    store.call(metadata.set, Set(GRANT, "INBOX", (full[0]._replace(value=b"x" * 1000),)))


def test_all_or_none(store: Store) -> None:
    refused(store, "INBOX", Annotation(COMMENT, b"x"), Annotation("/shared/comment", b"x" * 2000))
    assert of(store, "INBOX") == (Annotated("INBOX", ()),)


def test_the_server_belongs_to_administrators_and_says_whom_to_turn_to(store: Store) -> None:
    admin = store.add_account(ADMINISTRATOR)
    assert refused(store, "", Annotation("/shared/comment", b"x")).code is Code.NO_RIGHT
    assert refused(store, "", Annotation("/shared/admin", b"x"), asker=admin).code is Code.CANNOT
    put(store, "", asker=admin, shared=b"hello")
    (server,) = of(store, "")
    assert dict(server.annotations) == {"/shared/comment": b"hello", "/shared/admin": b"mailto:help@example.org"}


def test_what_belongs_to_a_mailbox_goes_with_it(store: Store) -> None:
    put(store, "Sent", private=b"x", shared=b"y")
    store.call(mailboxes.delete, Named(GRANT, store.key(), "Sent"))
    assert store.query(select(annotation.c.name)) == []
    assert of(store, "Sent")[0].refused == Code.NOT_FOUND.value


def test_an_answer_fits_a_frame(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.storage.handlers.metadata.MAX_OCTETS", 1500)
    for name in ("INBOX", "Sent", "Trash"):
        put(store, name, private=b"x" * 1000)
    assert [each.name for each in of(store, "INBOX", "Sent", "Trash")] == ["INBOX"]


@pytest.mark.parametrize(
    "name",
    ["", "/", "comment", "/private", "/private/", "/private//x", "/other/x", "/Private/x", "/private/vendor/x",
     "/private/" + "x" * 1000],
)  # fmt: skip
def test_names_that_no_annotation_has(name: str) -> None:
    with pytest.raises(BadEntry):
        validate(name)


def test_depths() -> None:
    assert wanted("/private/a", ("/private/a",), 0)
    assert not wanted("/private/a/b", ("/private/a",), 0)
    assert wanted("/private/a/b", ("/private/a",), 1)
    assert not wanted("/private/a/b/c", ("/private/a",), 1)
    assert wanted("/private/a/b/c", ("/private/a",), -1)
    assert not wanted("/private/ab", ("/private/a",), -1)


def used(store: Store) -> dict[str, str]:
    listed = store.call(mailboxes.listing, mailboxes.ListRequest(GRANT)).mailboxes
    return {each.name: each.special_use for each in listed if each.special_use}


def test_a_special_use_is_an_annotation_of_one_mailbox_at_a_time(store: Store) -> None:
    before = used(store)
    store.call(mailboxes.create, mailboxes.Create(GRANT, store.key(), "Bin"))
    store.announcements.clear()
    store.call(metadata.set, Set(GRANT, "Bin", (Annotation(SPECIAL_USE, b"\\trash"),)))
    assert used(store) == {name: use for name, use in before.items() if use != "\\Trash"} | {"Bin": "\\Trash"}
    told = [each.payload for each in store.announcements if each.event is metadata_changed]
    assert len(told) == 2
    assert all(each.names == (SPECIAL_USE,) for each in told)
    (trash, new) = of(store, "Trash", "Bin", entries=("/private",))
    assert (trash.annotations, new.annotations) == ((), (Annotation(SPECIAL_USE, b"\\Trash"),))
    store.call(metadata.set, Set(GRANT, "Bin", (Annotation(SPECIAL_USE, None),)))
    assert "Bin" not in used(store)


def test_a_special_use_is_the_owners(store: Store) -> None:
    ann = store.add_account("ann@example.org")
    store.share("Sent", "ann", "lrswipkxtea")
    (theirs,) = of(store, "#user/bob/Sent", asker=ann)
    assert theirs.annotations == ()
    assert refused(store, "#user/bob/Sent", Annotation(SPECIAL_USE, b"\\Junk"), asker=ann).code is Code.NO_RIGHT
    assert refused(store, "", Annotation(SPECIAL_USE, b"\\Junk")).code is Code.CANNOT
    assert refused(store, "INBOX", Annotation(SPECIAL_USE, b"\\Junk")).code is Code.CANNOT
    both = (Annotation("/private/comment", b"x"), Annotation(SPECIAL_USE, b"\\Junk \\Sent"))
    assert refused(store, "Sent", *both).code is Code.CANNOT
    (mine,) = of(store, "Sent")
    assert mine.annotations == (Annotation(SPECIAL_USE, b"\\Sent"),)
