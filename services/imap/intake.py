"""Taking in the messages of an APPEND or REPLACE: small ones whole, large ones streamed to storage as they come."""

from __future__ import annotations

from services.imap.catenation import Catenation
from services.imap.context import AccountContext
from services.imap.draft import Draft, eight_bit, new
from services.imap.errors import No, try_create
from shared.base.errors import EilpostError
from shared.contracts import acl
from shared.contracts.acl import MyRights
from shared.contracts.blobs import Body
from shared.contracts.errors import Refused
from shared.contracts.messages import New
from shared.mail.summary import summarise
from shared.protocols.imap import responses
from shared.protocols.imap.syntax.append import Append, Message, Url
from shared.protocols.imap.syntax.replace import Replace

_FRAME = 900_000  # octets that one question to storage carries
_ROW = 200  # octets of a message beside its texts
_HELD = 300_000  # octets of messages that are held for one command
_LARGEST = 8  # as many of the largest messages may come by one command


async def take_in(context: AccountContext, command: Append | Replace) -> tuple[New, ...]:
    """The messages, in order. Raises what storage raises; the stream is in order whatever happens."""
    messages = command.messages
    if command.offered is None and len(messages) == 1:
        message = messages[0]
        if len(message.parts) == 1 and not message.binary and isinstance(octets := message.parts[0], bytes):
            return (_whole(context, message, octets),)
    gathering = Gathering(context)
    try:
        if command.offered is None:
            await gathering.start(messages)
        else:
            await _stream(context, command, gathering)
        return await gathering.finish()
    finally:
        await gathering.aclose()


def _whole(context: AccountContext, message: Message, octets: bytes) -> New:
    if not octets:
        raise No("An empty message cannot be kept", "CANNOT")
    summary = summarise(octets)
    if not (context.dialect.utf8 or octets[: summary.header_size].isascii()):
        raise eight_bit()
    return new(message, Body(octets), summary)


class Gathering:
    """Messages of one command: those that are finished, and the one at hand."""

    def __init__(self, context: AccountContext) -> None:
        self._context = context
        self._catenation = Catenation(context)
        self._done: list[New] = []
        self._weight = 0  # octets of what is done, as storage will be asked
        self._held = 0  # ... of them messages
        self._octets = 0  # of all messages: a few URLs can name many
        self._draft: Draft | None = None

    async def start(self, messages: tuple[Message, ...]) -> None:
        """Take messages that are here, the last of which may go on."""
        for message in messages:
            await self.take(message)
            for part in message.parts:
                await self.take(part)

    async def expect(self, octets: int) -> None:
        """See that the message at hand may go on with so many octets."""
        assert self._draft is not None
        await self._draft.expect(octets)

    async def take(self, piece: Message | Url | bytes) -> None:
        """The next piece: a message begins, or goes on. Raises `No`, and what storage raises."""
        if isinstance(piece, Message):
            await self._end()
            self._draft = Draft(self._context, piece, _HELD - self._held)
            return
        assert self._draft is not None
        if isinstance(piece, bytes):
            await self._draft.add(piece)
        else:
            await self._catenation.add(piece, self._draft)

    async def finish(self) -> tuple[New, ...]:
        """All of them."""
        await self._end()
        return tuple(self._done)

    async def aclose(self) -> None:
        """Let go of what is not finished."""
        if self._draft is not None:
            await self._draft.aclose()

    async def _end(self) -> None:
        """The message at hand is complete."""
        if self._draft is None:
            return
        done = await self._draft.finish()
        self._draft = None
        self._done.append(done)
        self._held += len(done.body.octets)
        self._weight += _ROW + _weight(done)
        self._octets += done.summary.size
        too_large = self._octets > _LARGEST * self._context.settings.message_limit
        if too_large or (self._weight > _FRAME and len(self._done) > 1):
            raise No("Too many messages in one command", "LIMIT")


def _weight(value: object) -> int:
    """Octets of the texts in ``value``, about."""
    if isinstance(value, tuple):
        return sum(map(_weight, value))
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode("utf-8", "replace"))
    return len(value) if isinstance(value, bytes) else 0


async def _stream(context: AccountContext, command: Append | Replace, gathering: Gathering) -> None:
    """Read to the end of the command, or to where the client can be stopped; trouble is told afterwards.

    What is raised before the offered literal is accepted lets the session refuse it.
    """
    offered = command.offered
    assert offered is not None
    await _welcome(context, command.mailbox)
    await gathering.start(command.messages)
    await gathering.expect(offered.size)
    if offered.synchronising:
        context.talk.out.write(responses.continuation("OK"))
    trouble: EilpostError | None = None
    async for piece in context.talk.message(context.settings.idle_timeout):
        if trouble is None:
            try:
                await gathering.take(piece)
            except EilpostError as error:
                trouble = error
                context.talk.core.give_up()
    if trouble is not None:
        raise trouble


async def _welcome(context: AccountContext, mailbox: str) -> None:
    """See that the messages have a place to go before they are sent."""
    try:
        reply = await context.call(acl.my_rights, MyRights(context.grant, context.names.inward(mailbox)))
    except Refused as error:
        raise try_create(error) from error
    if "i" not in reply.rights:
        raise No("Permission denied", "NOPERM")
