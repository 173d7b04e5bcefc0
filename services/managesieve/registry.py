"""The table of commands: one row each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from services.managesieve.commands import (
    authenticate,
    capability,
    checkscript,
    deletescript,
    getscript,
    havespace,
    listscripts,
    logout,
    noop,
    putscript,
    renamescript,
    setactive,
    starttls,
    unauthenticate,
)
from services.managesieve.context import Context, State
from shared.protocols.managesieve.syntax import authenticate as authenticate_syntax
from shared.protocols.managesieve.syntax import capability as capability_syntax
from shared.protocols.managesieve.syntax import checkscript as checkscript_syntax
from shared.protocols.managesieve.syntax import deletescript as deletescript_syntax
from shared.protocols.managesieve.syntax import getscript as getscript_syntax
from shared.protocols.managesieve.syntax import havespace as havespace_syntax
from shared.protocols.managesieve.syntax import listscripts as listscripts_syntax
from shared.protocols.managesieve.syntax import logout as logout_syntax
from shared.protocols.managesieve.syntax import noop as noop_syntax
from shared.protocols.managesieve.syntax import putscript as putscript_syntax
from shared.protocols.managesieve.syntax import renamescript as renamescript_syntax
from shared.protocols.managesieve.syntax import setactive as setactive_syntax
from shared.protocols.managesieve.syntax import starttls as starttls_syntax
from shared.protocols.managesieve.syntax import unauthenticate as unauthenticate_syntax

BEFORE = frozenset({State.NON_AUTHENTICATED})
AFTER = frozenset({State.AUTHENTICATED})
ALWAYS = BEFORE | AFTER


class Row(NamedTuple):
    name: str
    states: frozenset[State]
    parse: Callable[[Any], Any]
    handle: Callable[[Context, Any], Awaitable[None]]


ROWS = (
    Row("AUTHENTICATE", BEFORE, authenticate_syntax.parse, authenticate.authenticate),
    Row("CAPABILITY", ALWAYS, capability_syntax.parse, capability.capability),
    Row("CHECKSCRIPT", AFTER, checkscript_syntax.parse, checkscript.checkscript),
    Row("DELETESCRIPT", AFTER, deletescript_syntax.parse, deletescript.deletescript),
    Row("GETSCRIPT", AFTER, getscript_syntax.parse, getscript.getscript),
    Row("HAVESPACE", AFTER, havespace_syntax.parse, havespace.havespace),
    Row("LISTSCRIPTS", AFTER, listscripts_syntax.parse, listscripts.listscripts),
    Row("LOGOUT", ALWAYS, logout_syntax.parse, logout.logout),
    Row("NOOP", ALWAYS, noop_syntax.parse, noop.noop),
    Row("PUTSCRIPT", AFTER, putscript_syntax.parse, putscript.putscript),
    Row("RENAMESCRIPT", AFTER, renamescript_syntax.parse, renamescript.renamescript),
    Row("SETACTIVE", AFTER, setactive_syntax.parse, setactive.setactive),
    Row("STARTTLS", BEFORE, starttls_syntax.parse, starttls.starttls),
    Row("UNAUTHENTICATE", AFTER, unauthenticate_syntax.parse, unauthenticate.unauthenticate),
)
COMMANDS = {row.name: row for row in ROWS}
