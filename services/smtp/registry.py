"""All commands: how each is read, who answers it, when and where it is allowed, and what EHLO says of it.

EHLO's text is computed from these rows and the state of the session, so what is offered is what is there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from services.smtp import roles
from services.smtp.commands import (
    auth,
    bdat,
    data,
    ehlo,
    expn,
    helo,
    help,
    lhlo,
    mail,
    noop,
    quit,
    rcpt,
    rset,
    starttls,
    vrfy,
    xclient,
)
from services.smtp.context import Context
from services.smtp.roles import Role
from services.smtp.state import Phase
from shared.protocols.smtp.syntax import auth as auth_syntax
from shared.protocols.smtp.syntax import bdat as bdat_syntax
from shared.protocols.smtp.syntax import data as data_syntax
from shared.protocols.smtp.syntax import ehlo as ehlo_syntax
from shared.protocols.smtp.syntax import expn as expn_syntax
from shared.protocols.smtp.syntax import helo as helo_syntax
from shared.protocols.smtp.syntax import help as help_syntax
from shared.protocols.smtp.syntax import lhlo as lhlo_syntax
from shared.protocols.smtp.syntax import mail as mail_syntax
from shared.protocols.smtp.syntax import noop as noop_syntax
from shared.protocols.smtp.syntax import quit as quit_syntax
from shared.protocols.smtp.syntax import rcpt as rcpt_syntax
from shared.protocols.smtp.syntax import rset as rset_syntax
from shared.protocols.smtp.syntax import starttls as starttls_syntax
from shared.protocols.smtp.syntax import vrfy as vrfy_syntax
from shared.protocols.smtp.syntax import xclient as xclient_syntax

ANY = frozenset(Phase)
READY = frozenset({Phase.READY})
OPEN = frozenset({Phase.MAIL, Phase.RCPT})
ADDRESSED = frozenset({Phase.RCPT})
IDLE = frozenset({Phase.START, Phase.READY})


class Row(NamedTuple):
    """One command.

    A ``grouped`` handler takes all commands of its kind that the client sent in one go, and returns as many replies.
    ``junk`` commands do nothing for a letter; too many of them are held against the client.
    """

    verb: str
    parse: Callable[[bytes], Any]
    handle: Callable[[Context, Any], Awaitable[Any]]
    phases: frozenset[Phase]
    roles: frozenset[Role]
    keywords: Callable[[Context], tuple[str, ...]] = lambda _: ()
    grouped: bool = False
    junk: bool = False


def _always(_: Context) -> tuple[str, ...]:
    return ("PIPELINING", "ENHANCEDSTATUSCODES")


_TABLE = (
    Row("EHLO", ehlo_syntax.parse, ehlo.handle, ANY, roles.SMTP, _always),
    Row("LHLO", lhlo_syntax.parse, lhlo.handle, ANY, roles.LMTP, _always),
    Row("HELO", helo_syntax.parse, helo.handle, ANY, roles.SMTP),
    Row("MAIL", mail_syntax.parse, mail.handle, READY, roles.ALL, mail.keywords),
    Row("RCPT", rcpt_syntax.parse, rcpt.handle, OPEN, roles.ALL, rcpt.keywords, grouped=True),
    Row("DATA", data_syntax.parse, data.handle, ADDRESSED, roles.ALL),
    Row("BDAT", bdat_syntax.parse, bdat.handle, ANY, roles.ALL, bdat.keywords),
    Row("RSET", rset_syntax.parse, rset.handle, ANY, roles.ALL, junk=True),
    Row("NOOP", noop_syntax.parse, noop.handle, ANY, roles.ALL, junk=True),
    Row("QUIT", quit_syntax.parse, quit.handle, ANY, roles.ALL),
    Row("VRFY", vrfy_syntax.parse, vrfy.handle, ANY, roles.ALL, junk=True),
    Row("EXPN", expn_syntax.parse, expn.handle, ANY, roles.ALL, junk=True),
    Row("HELP", help_syntax.parse, help.handle, ANY, roles.ALL, junk=True),
    Row("STARTTLS", starttls_syntax.parse, starttls.handle, IDLE, roles.SMTP, starttls.keywords),
    Row("XCLIENT", xclient_syntax.parse, xclient.handle, IDLE, roles.ALL, xclient.keywords),
    Row("AUTH", auth_syntax.parse, auth.handle, READY, roles.SUBMISSION, auth.keywords),
)
ROWS: dict[Role, dict[str, Row]] = {role: {row.verb: row for row in _TABLE if role in row.roles} for role in Role}


def keywords(context: Context) -> tuple[str, ...]:
    """The extensions that EHLO or LHLO may name now."""
    return tuple(word for row in ROWS[context.role].values() for word in row.keywords(context))
