"""Sorting what was found: by the view where that has all that is compared, else by storage."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from services.imap.columns import pack, unpack
from services.imap.context import MailboxContext
from services.imap.errors import No
from shared.contracts import sorting
from shared.contracts.sorting import By, SortRequest
from shared.protocols.imap.syntax.sort import Criterion

_MOST = 150_000  # messages in one question, whose octets must fit a bus message

_KEYS = {
    "ARRIVAL": By.ARRIVAL,
    "CC": By.CC,
    "DATE": By.DATE,
    "FROM": By.FROM,
    "SIZE": By.SIZE,
    "SUBJECT": By.SUBJECT,
    "TO": By.TO,
    "DISPLAYFROM": By.SHOWN_FROM,
    "DISPLAYTO": By.SHOWN_TO,
}
_IN_VIEW = frozenset({"ARRIVAL", "SIZE"})


async def sort(mailbox: MailboxContext, uids: array[int], criteria: Sequence[Criterion]) -> array[int]:
    """``uids`` in order; those that are gone meanwhile may be left out. Raises `No` for too many."""
    if len(uids) < 2:
        return uids
    if all(each.name in _IN_VIEW for each in criteria):
        return _by_view(mailbox, uids, criteria)
    if len(uids) > _MOST:
        raise No("Too many messages", "LIMIT")
    keys = tuple(sorting.Criterion(_KEYS[each.name], each.reverse) for each in criteria)
    reply = await mailbox.call(sorting.sort, SortRequest(mailbox.grant, mailbox.live.mailbox, pack(uids), keys))
    return unpack("I", reply.uids)


def _by_view(mailbox: MailboxContext, uids: array[int], criteria: Sequence[Criterion]) -> array[int]:
    place = mailbox.snapshot.locate(uids)
    columns = {"ARRIVAL": place.columns.dates, "SIZE": place.columns.sizes}
    order = list(place.positions)
    for each in reversed(criteria):
        order.sort(key=columns[each.name].__getitem__, reverse=each.reverse)
    return array("I", map(place.columns.uids.__getitem__, order))
