"""The commands we serve, one row each. Adding one is adding its file, its grammar and its row."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from services.imap.admission import LoginContext
from services.imap.commands import (
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
from services.imap.context import AccountContext, Context, Done, MailboxContext, State
from shared.protocols.imap.grammar import COMMANDS


class Row(NamedTuple):
    """A command: who handles it, what the handler needs (which tells the states that allow it), and what its presence
    lets us advertise. ``numbers``: its plain form uses sequence numbers, so no expunge is told with its answer
    (RFC 3501 section 7.4.1)."""

    name: str
    handle: Callable[[Any, Any], Awaitable[Done]]
    needs: type[Context | LoginContext | AccountContext | MailboxContext]
    capabilities: tuple[str, ...] = ()
    numbers: bool = False

    @property
    def by_uid(self) -> bool:
        """Whether it has a form that names messages by UID, and one that does so by number."""
        return COMMANDS[self.name.encode()].uid and self.name != "EXPUNGE"

    @property
    def states(self) -> frozenset[State]:
        return _STATES[self.needs]


_STATES: dict[type[Any], frozenset[State]] = {
    Context: frozenset(State),
    LoginContext: frozenset({State.NOT_AUTHENTICATED}),
    AccountContext: frozenset({State.AUTHENTICATED, State.SELECTED}),
    MailboxContext: frozenset({State.SELECTED}),
}

_FETCH = ("CONDSTORE", "OBJECTID", "PREVIEW", "SAVEDATE", "UIDONLY")
_SEARCH = ("ESEARCH", "SEARCHRES", "WITHIN", "PARTIAL", "CONTEXT=SEARCH", "SEARCH=FUZZY", "FILTERS")
_LIST = ("CHILDREN", "LIST-EXTENDED", "LIST-METADATA", "LIST-MYRIGHTS", "LIST-STATUS", "SPECIAL-USE")

_ROWS = (
    Row("CAPABILITY", capability.handle, Context),
    Row("NOOP", noop.handle, Context),
    Row("LOGOUT", logout.handle, Context),
    Row("ID", id.handle, Context, ("ID",)),
    Row("STARTTLS", starttls.handle, LoginContext),
    Row("AUTHENTICATE", authenticate.handle, LoginContext, ("SASL-IR",)),
    Row("LOGIN", login.handle, LoginContext),
    Row("UNAUTHENTICATE", unauthenticate.handle, AccountContext, ("UNAUTHENTICATE",)),
    Row("COMPRESS", compress.handle, AccountContext, ("COMPRESS=DEFLATE",)),
    Row("ENABLE", enable.handle, AccountContext, ("ENABLE", "UTF8=ACCEPT")),
    Row("NAMESPACE", namespace.handle, AccountContext, ("NAMESPACE",)),
    Row("LIST", list.handle, AccountContext, _LIST),
    Row("LSUB", list.handle, AccountContext),
    Row("SUBSCRIBE", subscribe.handle, AccountContext),
    Row("UNSUBSCRIBE", subscribe.handle, AccountContext),
    Row("CREATE", create.handle, AccountContext, ("CREATE-SPECIAL-USE",)),
    Row("DELETE", delete.handle, AccountContext),
    Row("RENAME", rename.handle, AccountContext),
    Row("GETACL", getacl.handle, AccountContext, ("ACL", "RIGHTS=kxte")),
    Row("SETACL", setacl.handle, AccountContext),
    Row("DELETEACL", deleteacl.handle, AccountContext),
    Row("LISTRIGHTS", listrights.handle, AccountContext),
    Row("MYRIGHTS", myrights.handle, AccountContext),
    Row("GETMETADATA", getmetadata.handle, AccountContext, ("METADATA",)),
    Row("SETMETADATA", setmetadata.handle, AccountContext),
    Row("GETQUOTA", getquota.handle, AccountContext, ("QUOTA", "QUOTA=RES-MESSAGE", "QUOTA=RES-STORAGE")),
    Row("GETQUOTAROOT", getquotaroot.handle, AccountContext),
    Row("SETQUOTA", setquota.handle, AccountContext, ("QUOTASET",)),
    Row("STATUS", status.handle, AccountContext, ("STATUS=SIZE",)),
    Row("APPEND", append.handle, AccountContext, ("MULTIAPPEND", "CATENATE", "BINARY")),
    Row("SELECT", select.handle, AccountContext, ("QRESYNC",)),
    Row("EXAMINE", select.handle, AccountContext),
    Row("IDLE", idle.handle, AccountContext, ("IDLE",)),
    Row("NOTIFY", notify.handle, AccountContext, ("NOTIFY",)),
    Row("ESEARCH", esearch.handle, AccountContext, ("MULTISEARCH",)),
    Row("CHECK", check.handle, MailboxContext),
    Row("CLOSE", close.handle, MailboxContext),
    Row("UNSELECT", unselect.handle, MailboxContext, ("UNSELECT",)),
    Row("EXPUNGE", expunge.handle, MailboxContext, ("UIDPLUS",)),
    Row("FETCH", fetch.handle, MailboxContext, _FETCH, numbers=True),
    Row("SEARCH", search.handle, MailboxContext, _SEARCH, numbers=True),
    Row("SORT", sort.handle, MailboxContext, ("SORT", "SORT=DISPLAY", "ESORT", "CONTEXT=SORT"), numbers=True),
    Row("CANCELUPDATE", cancelupdate.handle, MailboxContext),
    Row("THREAD", thread.handle, MailboxContext, ("THREAD=ORDEREDSUBJECT", "THREAD=REFERENCES"), numbers=True),
    Row("UIDBATCHES", uidbatches.handle, MailboxContext, ("UIDBATCHES",)),
    Row("STORE", store.handle, MailboxContext, numbers=True),
    Row("REPLACE", replace.handle, MailboxContext, ("REPLACE",)),
    Row("COPY", copy.handle, MailboxContext),
    Row("MOVE", move.handle, MailboxContext, ("MOVE",)),
)

ROWS = {row.name: row for row in _ROWS}
