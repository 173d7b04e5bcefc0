from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from services.storage.rules.packed import pack_u32, unpack_uids
from services.storage.tables.schema import account, body
from shared.contracts import mailboxes, messages
from shared.contracts.changes import INLINE_ROWS, Change, mailbox_changed
from shared.contracts.errors import Code, Refused
from shared.contracts.mailboxes import Open, PageRequest, StatusRequest, SyncRequest
from shared.contracts.messages import (
    Append,
    BodiesRequest,
    Column,
    Copy,
    Expunge,
    Mode,
    RowsRequest,
    Stored,
)
from shared.contracts.messages import Store as StoreRequest
from tests.support.storage import GRANT, START, Store, letter_octets, new


def opened(store: Store, name: str = "INBOX") -> Any:
    return store.call(mailboxes.open, Open(GRANT, name, writable=False))


def flags(store: Store, name: str = "INBOX") -> dict[int, tuple[str, ...]]:
    page = store.call(mailboxes.page, PageRequest(GRANT, opened(store, name).mailbox, 0, 1000))
    explained = {each.number: each.flags for each in page.flagsets}
    numbers = memoryview(page.rows.flagsets).cast("I")
    return {uid: explained[number] for uid, number in zip(unpack_uids(page.rows.uids), numbers, strict=True)}


def set_flags(store: Store, uids: list[int], mode: Mode, *given: str, unchanged_since: int | None = None) -> Stored:
    request = StoreRequest(GRANT, store.key(), opened(store).mailbox, pack_u32(uids), mode, given, unchanged_since)
    answer = store.call(messages.store, request)
    assert isinstance(answer, Stored)
    return answer


def told(store: Store) -> list[Change]:
    return [each.payload for each in store.announcements if each.event is mailbox_changed]


class TestAppend:
    def test_answers_uids_and_keeps_date_and_flags(self, store: Store) -> None:
        answer = store.append(new(flags=["\\seen", "Work"], date=86_400), new())
        inbox = opened(store)
        assert answer.uidvalidity == inbox.uidvalidity
        assert unpack_uids(answer.uids) == [1, 2]
        assert told(store) == [answer.change]
        assert (answer.change.previous, answer.change.modseq, answer.change.uidnext) == (1, 2, 3)
        assert memoryview(answer.change.rows.dates).cast("q").tolist() == [86_400, int(START)]
        assert flags(store) == {1: ("Work", "\\Seen"), 2: ()}

    def test_the_same_message_is_stored_once(self, store: Store) -> None:
        store.append(new(), new())
        store.append(new(), mailbox="Sent")
        assert store.uses() == {1: 3}

    def test_refuses_without_a_trace(self, store: Store) -> None:
        broken = new()._replace(summary=new().summary._replace(size=1))
        cases = [
            (Append(GRANT, "k", "nope", (new(),)), Code.NOT_FOUND),
            (Append(GRANT, "k", "INBOX", (new(flags=["\\Bad"]),)), Code.CANNOT),
            (Append(GRANT, "k", "INBOX", ()), Code.MALFORMED),
            (Append(GRANT, "k", "INBOX", (new(), broken)), Code.MALFORMED),
        ]
        for request, code in cases:
            with pytest.raises(Refused) as caught:
                store.call(messages.append, request)
            assert caught.value.code is code
        assert opened(store).uidnext == 1
        assert store.uses() == {}

    def test_one_bad_request_does_not_harm_its_neighbours(self, store: Store) -> None:
        broken = new()._replace(summary=new().summary._replace(size=1))
        good = [Append(GRANT, store.key(), "INBOX", (new(),)) for _ in range(2)]
        answers = store.batch(messages.append, [good[0], Append(GRANT, "k", "INBOX", (broken,)), good[1]])
        assert [isinstance(each, Refused) for each in answers] == [False, True, False]
        assert list(flags(store)) == [1, 2]

    def test_quota_is_kept_within_a_batch(self, store: Store) -> None:
        size = new().summary.size
        eve = store.add_account("eve@example.org", quota=2 * size)
        requests = [Append(GRANT, store.key(), "INBOX", (new(),)) for _ in range(3)]
        answers = store.batch(messages.append, requests, account=eve)
        assert [isinstance(each, Refused) and each.code for each in answers] == [False, False, Code.OVER_QUOTA]


class TestStore:
    def test_add_remove_replace(self, store: Store) -> None:
        store.append(new(), new(flags=["\\Seen", "a"]))
        set_flags(store, [1, 2], Mode.ADD, "\\Flagged", "B")
        assert flags(store) == {1: ("B", "\\Flagged"), 2: ("B", "\\Flagged", "\\Seen", "a")}
        set_flags(store, [2], Mode.REMOVE, "b", "A")
        assert flags(store)[2] == ("\\Flagged", "\\Seen")
        set_flags(store, [1, 2], Mode.REPLACE, "\\Draft")
        assert flags(store) == {1: ("\\Draft",), 2: ("\\Draft",)}

    def test_unchanged_flags_keep_their_modseq_and_tell_nobody(self, store: Store) -> None:
        store.append(new(flags=["\\Seen"]), new())
        before = len(told(store))
        change = set_flags(store, [1, 2], Mode.ADD, "\\Seen").change
        assert unpack_uids(change.rows.uids) == [2]
        again = set_flags(store, [1, 2, 9], Mode.ADD, "\\Seen").change
        assert (again.previous, again.modseq, again.rows.uids) == (change.modseq, change.modseq, b"")
        assert told(store)[before:] == [change]

    def test_unchanged_since_leaves_newer_messages_alone(self, store: Store) -> None:
        store.append(new(), new())
        known = opened(store).modseq
        set_flags(store, [2], Mode.ADD, "\\Flagged")
        answer = set_flags(store, [1, 2], Mode.ADD, "\\Seen", unchanged_since=known)
        assert unpack_uids(answer.modified) == [2]
        assert flags(store) == {1: ("\\Seen",), 2: ("\\Flagged",)}
        assert unpack_uids(set_flags(store, [1], Mode.ADD, "x", unchanged_since=0).modified) == [1]

    def test_requests_of_one_batch_see_each_other(self, store: Store) -> None:
        store.append(new(), new())
        inbox = opened(store).mailbox
        wishes = [((1, 2), Mode.ADD, "a"), ((1,), Mode.REMOVE, "a"), ((1, 2), Mode.ADD, "\\Deleted")]
        requests = [
            StoreRequest(GRANT, store.key(), inbox, pack_u32(uids), mode, (flag,)) for uids, mode, flag in wishes
        ]
        first, second, third = store.batch(messages.store, requests)
        assert flags(store) == {1: ("\\Deleted",), 2: ("\\Deleted", "a")}
        assert first.change.modseq == second.change.previous
        assert second.change.modseq == third.change.previous
        assert opened(store).modseq == third.change.modseq

    def test_many_rows_are_not_told_inline(self, store: Store) -> None:
        count = INLINE_ROWS + 1
        store.append(*[new()] * count)
        change = set_flags(store, list(range(1, count + 1)), Mode.ADD, "\\Seen").change
        assert not change.complete
        synced = store.call(mailboxes.sync, SyncRequest(GRANT, change.mailbox, change.previous))
        assert len(synced.rows.uids) == 4 * count

    @pytest.mark.parametrize(
        ("uids", "given", "code"),
        [
            (b"\1", "\\Seen", Code.MALFORMED),
            (pack_u32([1]), "\\Recent", Code.CANNOT),
            (pack_u32([1]), "a b", Code.CANNOT),
        ],
    )
    def test_refuses(self, store: Store, uids: bytes, given: str, code: Code) -> None:
        store.append(new())
        with pytest.raises(Refused) as caught:
            store.call(messages.store, StoreRequest(GRANT, "k", opened(store).mailbox, uids, Mode.ADD, (given,)))
        assert caught.value.code is code

    def test_keywords_survive_a_write_that_was_rolled_back(self, store: Store) -> None:
        store.append(new(), new())
        inbox = opened(store).mailbox
        lost = StoreRequest(GRANT, "k", inbox, pack_u32([1]), Mode.ADD, ("lost",))
        store.rolled_back(messages.store, lost)
        set_flags(store, [1], Mode.ADD, "kept")
        set_flags(store, [2], Mode.ADD, "lost")
        assert flags(store) == {1: ("kept",), 2: ("lost",)}


class TestExpunge:
    def test_removes_what_is_deleted_and_nothing_else(self, store: Store) -> None:
        store.append(new(flags=["\\Deleted"]), new(), new(flags=["\\Deleted", "key"]), new(flags=["\\Deleted"]))
        inbox = opened(store).mailbox
        some = store.call(messages.expunge, Expunge(GRANT, store.key(), inbox, pack_u32([1, 2, 77])))
        assert unpack_uids(some.change.vanished) == [1]
        rest = store.call(messages.expunge, Expunge(GRANT, store.key(), inbox))
        assert unpack_uids(rest.change.vanished) == [3, 4]
        assert list(flags(store)) == [2]
        assert store.uses() == {1: 1}
        (state,) = store.call(mailboxes.status, StatusRequest(GRANT, ("INBOX",))).states
        assert (state.messages, state.unseen, state.deleted, state.uidnext) == (1, 1, 0, 5)
        none = store.call(messages.expunge, Expunge(GRANT, store.key(), inbox))
        assert none.change.previous == none.change.modseq == rest.change.modseq
        assert len(told(store)) == 3

    def test_one_call_removes_so_many_and_says_where_to_go_on(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("services.storage.handlers.messages_expunge.EXPUNGED_AT_ONCE", 2)
        store.append(*[new(flags=["\\Deleted"])] * 5)
        inbox = opened(store).mailbox
        first = store.call(messages.expunge, Expunge(GRANT, store.key(), inbox))
        assert (unpack_uids(first.change.vanished), first.next) == ([1, 2], 2)
        named = Expunge(GRANT, store.key(), inbox, pack_u32([1, 3, 4, 5]), first.next)
        second = store.call(messages.expunge, named)
        assert (unpack_uids(second.change.vanished), second.next) == ([3, 4], 4)
        last = store.call(messages.expunge, Expunge(GRANT, store.key(), inbox, after=second.next))
        assert (unpack_uids(last.change.vanished), last.next) == ([5], 0)

    def test_uids_are_never_given_again(self, store: Store) -> None:
        store.append(new(flags=["\\Deleted"]))
        store.call(messages.expunge, Expunge(GRANT, store.key(), opened(store).mailbox))
        assert unpack_uids(store.append(new()).uids) == [2]


class TestCopy:
    def test_copy_names_the_same_content(self, store: Store) -> None:
        store.append(new(flags=["\\Seen", "k"], date=5), new(letter_octets("two")))
        inbox = opened(store).mailbox
        answer = store.call(messages.copy, Copy(GRANT, store.key(), inbox, pack_u32([1, 2, 9]), "Archive"))
        assert (unpack_uids(answer.source), unpack_uids(answer.uids)) == ([1, 2], [1, 2])
        assert answer.uidvalidity == opened(store, "Archive").uidvalidity
        assert answer.removed is None
        assert flags(store, "Archive") == {1: ("\\Seen", "k"), 2: ()}
        assert memoryview(answer.change.rows.dates).cast("q").tolist() == [5, int(START)]
        assert store.uses() == {1: 2, 2: 2}

    def test_move_is_one_step_for_both_mailboxes(self, store: Store) -> None:
        store.append(new(), new())
        inbox = opened(store).mailbox
        answer = store.call(messages.copy, Copy(GRANT, store.key(), inbox, pack_u32([2]), "Trash", move=True))
        assert unpack_uids(answer.removed.vanished) == [2]
        assert told(store)[-2:] == [answer.change, answer.removed]
        assert store.uses() == {1: 2}
        assert list(flags(store)) == [1]

    def test_into_the_same_mailbox(self, store: Store) -> None:
        store.append(new())
        inbox = opened(store).mailbox
        answer = store.call(messages.copy, Copy(GRANT, store.key(), inbox, pack_u32([1]), "INBOX", move=True))
        assert answer.change.modseq == answer.removed.previous
        assert list(flags(store)) == [2]
        assert store.uses() == {1: 1}

    def test_refuses(self, store: Store) -> None:
        size = new().summary.size
        eve = store.add_account("eve@example.org", quota=size)
        store.append(new(), account=eve)
        inbox = store.call(mailboxes.open, Open(GRANT, "INBOX", writable=False), account=eve).mailbox
        for to, move, code in (("nope", False, Code.NOT_FOUND), ("Trash", False, Code.OVER_QUOTA)):
            with pytest.raises(Refused) as caught:
                store.call(messages.copy, Copy(GRANT, store.key(), inbox, pack_u32([1]), to, move), account=eve)
            assert caught.value.code is code
        store.call(messages.copy, Copy(GRANT, store.key(), inbox, pack_u32([1]), "Trash", move=True), account=eve)


class TestRows:
    def test_only_what_is_asked(self, store: Store) -> None:
        one, two = new(letter_octets("one")), new(letter_octets("two"))
        store.append(one, two)
        inbox = opened(store).mailbox
        uids = pack_u32([1, 2, 3])
        some = store.call(messages.rows, RowsRequest(GRANT, inbox, uids, Column.ENVELOPE | Column.PREVIEW))
        assert some.uids == pack_u32([1, 2])
        assert some.envelopes == (one.summary.envelope, two.summary.envelope)
        assert some.previews == (one.summary.preview, two.summary.preview)
        assert some.body_structures == some.parts == some.headers == ()
        assert (some.prefixes, some.next_uid) == ((0, 0), 0)
        head = store.call(messages.rows, RowsRequest(GRANT, inbox, uids, Column.HEADER))
        assert head.headers[0] == one.body.octets[: one.summary.header_size]

    def test_a_reply_is_cut_at_its_limit_and_goes_on(self, store: Store) -> None:
        store.append(*[new(letter_octets(f"s{place}")) for place in range(30)])
        inbox = opened(store).mailbox
        found: list[int] = []
        uid, calls = 1, 0
        while uid:
            request = RowsRequest(GRANT, inbox, pack_u32(range(uid, 31)), Column.ENVELOPE, limit=1_000)
            reply = store.call(messages.rows, request)
            found += unpack_uids(reply.uids)
            uid, calls = reply.next_uid, calls + 1
        assert found == list(range(1, 31))
        assert calls > 3

    def test_one_row_beyond_the_limit_still_comes(self, store: Store) -> None:
        store.append(new(), new())
        request = RowsRequest(GRANT, opened(store).mailbox, pack_u32([1, 2]), Column.ENVELOPE, limit=1)
        reply = store.call(messages.rows, request)
        assert (reply.uids, reply.next_uid) == (pack_u32([1]), 2)


class TestBodies:
    def test_whole_messages_up_to_the_limit(self, store: Store) -> None:
        items = [new(letter_octets("x", "y" * 1_000 + "\r\n" * place)) for place in range(4)]
        store.append(*items)
        inbox = opened(store).mailbox
        reply = store.call(messages.bodies, BodiesRequest(GRANT, inbox, pack_u32([1, 3, 4, 9])))
        assert [each.octets for each in reply.bodies] == [items[place].body.octets for place in (0, 2, 3)]
        assert reply.change is None
        short = store.call(messages.bodies, BodiesRequest(GRANT, inbox, pack_u32([1, 2, 3, 4]), limit=3_000))
        assert [each.uid for each in short.bodies] == [1, 2]
        one = store.call(messages.bodies, BodiesRequest(GRANT, inbox, pack_u32([1, 2]), limit=1))
        assert [each.uid for each in one.bodies] == [1]

    def test_seen_marks_the_first_one_only(self, store: Store) -> None:
        store.append(new(), new())
        inbox = opened(store).mailbox
        reply = store.call(messages.bodies, BodiesRequest(GRANT, inbox, pack_u32([1, 2]), seen=True))
        assert len(reply.bodies) == 2
        assert reply.change == told(store)[-1]
        assert flags(store) == {1: ("\\Seen",), 2: ()}
        again = store.call(messages.bodies, BodiesRequest(GRANT, inbox, pack_u32([1, 2]), seen=True))
        assert again.change is None
        gone = store.call(messages.bodies, BodiesRequest(GRANT, inbox, pack_u32([9]), seen=True))
        assert (gone.bodies, gone.change) == ((), None)
        (state,) = store.call(mailboxes.status, StatusRequest(GRANT, ("INBOX",))).states
        assert state.unseen == 1

    def test_what_is_too_large_for_the_bus_has_a_url(self, store: Store) -> None:
        store.append(new(), new(letter_octets("small")))
        store.change(update(body).where(body.c.content_id == 1).values(octets=b"", location="there"))
        large, small = store.call(
            messages.bodies, BodiesRequest(GRANT, opened(store).mailbox, pack_u32([1, 2]))
        ).bodies
        assert (large.octets, large.size) == (b"", new().summary.size)
        assert large.url.startswith("http://data/body/")
        assert (small.url, small.octets) == ("", letter_octets("small"))


def replace_in_inbox(store: Store, uid: int, octets: bytes) -> messages.Replaced:
    request = messages.Replace(GRANT, store.key(), opened(store).mailbox, uid, "INBOX", new(octets))
    answer = store.call(messages.replace, request)
    assert isinstance(answer, messages.Replaced)
    return answer


def test_a_replacement_needs_room_only_for_what_it_is_larger(store: Store) -> None:
    first = letter_octets(text="x" * 1000)
    store.append(new(first))
    store.change(update(account).values(quota=len(first) + 100))
    with pytest.raises(Refused, match="over-quota"):
        store.append(new(first))
    replaced = replace_in_inbox(store, 1, first + b"y")
    assert replaced.uid == 2
    assert replaced.change.modseq == replaced.removed.previous < replaced.removed.modseq
    with pytest.raises(Refused, match="no such message"):
        replace_in_inbox(store, 1, first)
    with pytest.raises(Refused, match="over-quota"):
        replace_in_inbox(store, 2, first + b"y" * 200)
    assert flags(store) == {2: ()}
    assert sum(store.uses().values()) == 1
