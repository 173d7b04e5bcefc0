"""The table of commands that the grammar knows: name, and how to read the arguments.

A new command is one row here and one file in `syntax`. Which of them a server offers is the server's affair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeAlias

from shared.protocols.imap.syntax import (
    append,
    authenticate,
    cancelupdate,
    capability,
    check,
    close,
    compress,
    copy,
    create,
    delete,
    deleteacl,
    enable,
    esearch,
    expunge,
    fetch,
    getacl,
    getmetadata,
    getquota,
    getquotaroot,
    id,
    idle,
    list,
    listrights,
    login,
    logout,
    move,
    myrights,
    namespace,
    noop,
    notify,
    rename,
    replace,
    search,
    select,
    setacl,
    setmetadata,
    setquota,
    sort,
    starttls,
    status,
    store,
    subscribe,
    thread,
    uidbatches,
    unauthenticate,
    unselect,
)
from shared.protocols.imap.tokens import Arguments

Parse: TypeAlias = Callable[[Arguments], Any]


class Row(NamedTuple):
    """A command. ``uid`` tells that "UID <name>" exists as well."""

    name: str
    parse: Parse
    uid: bool = False


ROWS = (
    Row("APPEND", append.parse),
    Row("AUTHENTICATE", authenticate.parse),
    Row("CANCELUPDATE", cancelupdate.parse),
    Row("CAPABILITY", capability.parse),
    Row("CHECK", check.parse),
    Row("CLOSE", close.parse),
    Row("COMPRESS", compress.parse),
    Row("COPY", copy.parse, uid=True),
    Row("CREATE", create.parse),
    Row("DELETE", delete.parse),
    Row("DELETEACL", deleteacl.parse),
    Row("ENABLE", enable.parse),
    Row("ESEARCH", esearch.parse),
    Row("EXAMINE", select.parse_examine),
    Row("EXPUNGE", expunge.parse, uid=True),
    Row("FETCH", fetch.parse, uid=True),
    Row("GETACL", getacl.parse),
    Row("GETMETADATA", getmetadata.parse),
    Row("GETQUOTA", getquota.parse),
    Row("GETQUOTAROOT", getquotaroot.parse),
    Row("ID", id.parse),
    Row("IDLE", idle.parse),
    Row("LIST", list.parse),
    Row("LISTRIGHTS", listrights.parse),
    Row("LOGIN", login.parse),
    Row("LOGOUT", logout.parse),
    Row("LSUB", list.parse_lsub),
    Row("MOVE", move.parse, uid=True),
    Row("MYRIGHTS", myrights.parse),
    Row("NAMESPACE", namespace.parse),
    Row("NOOP", noop.parse),
    Row("NOTIFY", notify.parse),
    Row("RENAME", rename.parse),
    Row("REPLACE", replace.parse, uid=True),
    Row("SEARCH", search.parse, uid=True),
    Row("SELECT", select.parse),
    Row("SETACL", setacl.parse),
    Row("SETMETADATA", setmetadata.parse),
    Row("SETQUOTA", setquota.parse),
    Row("SORT", sort.parse, uid=True),
    Row("STARTTLS", starttls.parse),
    Row("STATUS", status.parse),
    Row("STORE", store.parse, uid=True),
    Row("SUBSCRIBE", subscribe.parse),
    Row("THREAD", thread.parse, uid=True),
    Row("UIDBATCHES", uidbatches.parse),
    Row("UNAUTHENTICATE", unauthenticate.parse),
    Row("UNSELECT", unselect.parse),
    Row("UNSUBSCRIBE", subscribe.parse_unsubscribe),
)


def by_name(rows: Iterable[Row]) -> dict[bytes, Row]:
    """Rows under the octets of their names in upper case, as they come off the wire."""
    return {row.name.encode(): row for row in rows}


COMMANDS = by_name(ROWS)
