"""Parts of messages that are there already, by their URLs, for CATENATE (RFC 4469)."""

from __future__ import annotations

from contextlib import aclosing

from services.imap.columns import pack
from services.imap.context import AccountContext
from services.imap.draft import Draft
from services.imap.errors import No
from services.imap.fetching.ranges import section_octets
from shared.contracts import mailboxes, messages
from shared.contracts.errors import Code, Refused
from shared.contracts.mailboxes import Open
from shared.contracts.messages import BodiesRequest, Bulk
from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.syntax.append import Url
from shared.protocols.imap.urls import MessageUrl, parse_url


class Catenation:
    """Reads what the URLs of one command name; mailboxes and the last message are looked up once."""

    def __init__(self, context: AccountContext) -> None:
        self._context = context
        self._mailboxes: dict[str, tuple[int, int]] = {}  # id and UIDVALIDITY by name
        self._last: tuple[int, Bulk] | None = None  # a message, and its mailbox

    async def add(self, part: Url, draft: Draft) -> None:
        """Put the octets behind ``draft``. Raises `No` (BADURL), and what storage raises."""
        try:
            url = parse_url(part.url)
            bulk = await self._message(url)
            async with aclosing(section_octets(url.section, bulk)) as pieces:
                async for piece in pieces:
                    await draft.add(piece)
        except (ParseError, LookupError) as error:
            raise No("This URL names nothing here", f"BADURL {part.url.replace(']', '%5D')}") from error

    async def _message(self, url: MessageUrl) -> Bulk:
        mailbox, uidvalidity = await self._mailbox(url.mailbox)
        if url.uidvalidity not in (0, uidvalidity):
            raise LookupError("another UIDVALIDITY")
        if self._last is not None and self._last[0] == mailbox and self._last[1].uid == url.uid:
            return self._last[1]
        request = BodiesRequest(self._context.grant, mailbox, pack([url.uid]))
        reply = await self._context.call(messages.bodies, request)
        if not reply.bodies:
            raise LookupError("no such message")
        self._last = (mailbox, reply.bodies[0])
        return reply.bodies[0]

    async def _mailbox(self, name: str) -> tuple[int, int]:
        """Id and UIDVALIDITY; of the selected mailbox for an empty name."""
        selected = self._context.selected
        if not name:
            if selected is None:
                raise LookupError("no mailbox is selected")
            return selected.live.mailbox, selected.uidvalidity
        known = self._mailboxes.get(name)
        if known is None:
            request = Open(self._context.grant, self._context.names.inward(name), writable=False)
            try:
                opened = await self._context.call(mailboxes.open, request)
            except Refused as refused:
                if refused.code in (Code.NOT_FOUND, Code.NO_RIGHT):
                    raise LookupError("no such mailbox") from refused
                raise
            known = self._mailboxes[name] = (opened.mailbox, opened.uidvalidity)
        return known
