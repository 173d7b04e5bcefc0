"""The table of commands: one row each. What CAPA lists is computed from it (RFC 2449 section 5)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from services.pop3.commands import (
    apop,
    auth,
    capa,
    dele,
    lang,
    list,
    noop,
    pass_,
    quit,
    retr,
    rset,
    stat,
    stls,
    top,
    uidl,
    user,
    utf8,
)
from services.pop3.context import Client, Context, State
from shared.protocols.pop3.syntax import apop as apop_syntax
from shared.protocols.pop3.syntax import auth as auth_syntax
from shared.protocols.pop3.syntax import capa as capa_syntax
from shared.protocols.pop3.syntax import dele as dele_syntax
from shared.protocols.pop3.syntax import lang as lang_syntax
from shared.protocols.pop3.syntax import list as list_syntax
from shared.protocols.pop3.syntax import noop as noop_syntax
from shared.protocols.pop3.syntax import pass_ as pass_syntax
from shared.protocols.pop3.syntax import quit as quit_syntax
from shared.protocols.pop3.syntax import retr as retr_syntax
from shared.protocols.pop3.syntax import rset as rset_syntax
from shared.protocols.pop3.syntax import stat as stat_syntax
from shared.protocols.pop3.syntax import stls as stls_syntax
from shared.protocols.pop3.syntax import top as top_syntax
from shared.protocols.pop3.syntax import uidl as uidl_syntax
from shared.protocols.pop3.syntax import user as user_syntax
from shared.protocols.pop3.syntax import utf8 as utf8_syntax

BEFORE = frozenset({State.AUTHORIZATION})
AFTER = frozenset({State.TRANSACTION})
ALWAYS = BEFORE | AFTER

# True of the server as a whole. EXPIRE NEVER: nothing is removed but what QUIT removes.
SERVER = ("RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "EXPIRE NEVER", "IMPLEMENTATION Eilpost")


class Row(NamedTuple):
    """``capability`` tells what CAPA lists because of this command, given who asks; "" for nothing."""

    name: str
    states: frozenset[State]
    parse: Callable[[bytes], Any]
    handle: Callable[[Context, Any], Awaitable[None]]
    capability: Callable[[Client], str] = lambda client: ""


def _user(client: Client) -> str:
    return "USER" if client.secure else ""


def _sasl(client: Client) -> str:
    return " ".join(("SASL", *client.mechanisms)) if client.mechanisms else ""


def _stls(client: Client) -> str:
    return "STLS" if client.can_start_tls else ""


ROWS = (
    Row("CAPA", ALWAYS, capa_syntax.parse, capa.capa),
    Row("USER", BEFORE, user_syntax.parse, user.user, _user),
    Row("PASS", BEFORE, pass_syntax.parse, pass_.pass_),
    Row("AUTH", BEFORE, auth_syntax.parse, auth.auth, _sasl),
    Row("APOP", BEFORE, apop_syntax.parse, apop.apop),
    Row("UTF8", BEFORE, utf8_syntax.parse, utf8.utf8, lambda client: "UTF8 USER"),
    Row("LANG", ALWAYS, lang_syntax.parse, lang.lang, lambda client: "LANG"),
    Row("STLS", BEFORE, stls_syntax.parse, stls.stls, _stls),
    Row("QUIT", ALWAYS, quit_syntax.parse, quit.quit),
    Row("STAT", AFTER, stat_syntax.parse, stat.stat),
    Row("LIST", AFTER, list_syntax.parse, list.list_),
    Row("RETR", AFTER, retr_syntax.parse, retr.retr),
    Row("DELE", AFTER, dele_syntax.parse, dele.dele),
    Row("NOOP", AFTER, noop_syntax.parse, noop.noop),
    Row("RSET", AFTER, rset_syntax.parse, rset.rset),
    Row("TOP", AFTER, top_syntax.parse, top.top, lambda client: "TOP"),
    Row("UIDL", AFTER, uidl_syntax.parse, uidl.uidl, lambda client: "UIDL"),
)
COMMANDS = {row.name: row for row in ROWS}


def capabilities(client: Client) -> tuple[str, ...]:
    """What CAPA lists for ``client`` now."""
    delay = (f"LOGIN-DELAY {client.login_delay}",) if client.login_delay else ()
    return (*filter(None, (row.capability(client) for row in ROWS)), *SERVER, *delay)
