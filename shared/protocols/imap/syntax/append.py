"""APPEND (RFC 3501 section 6.3.11) of one message or several (RFC 3502), literal, catenated (RFC 4469) or binary
(RFC 3516) or with UTF-8 headers (RFC 6855), and what REPLACE shares with it.

The command comes in stretches, each up to a literal: a stretch is read by itself, from the `Place` where the one
before it ended.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple, TypeAlias

from shared.protocols.imap.dates import date_time
from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.names import mailbox
from shared.protocols.imap.tokens import Arguments

MAX_PARTS = 1_000  # messages, and parts that they are catenated of, in one command


class Url(NamedTuple):
    """A catenated part: the octets that an IMAP URL names, as the client wrote it."""

    url: str


class Message(NamedTuple):
    """One message, or the beginning of one. ``date`` is in Unix seconds, None for now.

    ``parts`` follow one another; ``binary``: it came as a literal8, so that it may hold NUL (RFC 3516).
    """

    flags: tuple[str, ...]
    date: int | None
    parts: tuple[bytes | Url, ...] = ()
    binary: bool = False


class Literal(NamedTuple):
    """An announced literal of ``size`` octets; ``synchronising``: the client waits for "+"."""

    size: int
    synchronising: bool


class Append(NamedTuple):
    """Messages for a mailbox, all or none.

    ``offered`` is None when they are here whole. Else the last one goes on with this literal, which follows as
    chunks, and so does whatever stands behind it in the command.
    """

    mailbox: str
    messages: tuple[Message, ...]
    offered: Literal | None = None


class Place(Enum):
    """Where a stretch begins."""

    COMMAND = auto()  # behind the name
    MESSAGES = auto()  # behind a message, perhaps at the end
    PARTS = auto()  # in CATENATE (...), behind a part
    UTF8 = auto()  # in UTF8 (...), behind the literal
    UTF8_PART = auto()  # in CATENATE (... UTF8 (...)), behind the literal


Step: TypeAlias = Message | Url
"""A message begins, or its next part is known."""


class Stretch(NamedTuple):
    """``literal`` belongs to the message at hand and follows now; None at the end of the command."""

    steps: tuple[Step, ...]
    literal: Literal | None
    place: Place  # behind the literal

    @property
    def first(self) -> tuple[Message, ...]:
        """The messages that begin here, when no other began before."""
        if len(self.steps) == 1 and isinstance(step := self.steps[0], Message):
            return (step,)
        return grown((), self.steps)


class ArgumentFollows(ParseError):
    """The stretch ends with a literal that is no message but an argument: a mailbox, a URL. Read again with it."""


def parse(arguments: Arguments) -> Append:
    """A command without message literals: ``mailbox`` and messages catenated of URLs."""
    name = target(arguments)
    return Append(name, whole(stretch(arguments, Place.MESSAGES)))


def target(arguments: Arguments) -> str:
    """``SP mailbox``."""
    arguments.space()
    if arguments.at_announcement():
        raise ArgumentFollows("Mailbox expected")
    return mailbox(arguments)


def whole(read: Stretch) -> tuple[Message, ...]:
    """The messages of a command that ends without a literal."""
    if read.literal is not None:
        raise ParseError("Message expected")
    if not read.steps:
        raise ParseError("Argument missing")
    return grown((), read.steps)


def grown(messages: tuple[Message, ...], steps: tuple[Step, ...]) -> tuple[Message, ...]:
    """``messages`` with ``steps`` behind them."""
    found = list(messages)
    for step in steps:
        if isinstance(step, Message):
            found.append(step)
        else:
            found[-1] = found[-1]._replace(parts=(*found[-1].parts, step))
    return tuple(found)


def stretch(arguments: Arguments, place: Place) -> Stretch:
    """Read up to the next literal, or to the end of the command."""
    steps: list[Step] = []
    if place in (Place.UTF8, Place.UTF8_PART):
        arguments.expect(b")")
        place = Place.MESSAGES if place is Place.UTF8 else Place.PARTS
    while place is Place.PARTS or not arguments.at_end():
        if place is Place.MESSAGES:
            flags, date = _options(arguments)
            if arguments.skip_text(b"CATENATE ("):
                steps.append(Message(flags, date))
                literal, place = _part(arguments, steps)
            else:
                utf8 = arguments.skip_text(b"UTF8 (")
                size, waits, binary = arguments.announcement()
                if utf8 and not binary:
                    raise ParseError("literal8 expected")
                steps.append(Message(flags, date, (), binary))
                return Stretch(tuple(steps), Literal(size, waits), Place.UTF8 if utf8 else place)
        elif arguments.skip(b")"):
            place, literal = Place.MESSAGES, None
        else:
            arguments.space()
            literal, place = _part(arguments, steps)
        if literal is not None:
            return Stretch(tuple(steps), literal, place)
    return Stretch(tuple(steps), None, place)


def _options(arguments: Arguments) -> tuple[tuple[str, ...], int | None]:
    """``SP [flag-list SP] [date-time SP]``."""
    arguments.space()
    flags: tuple[str, ...] = ()
    date: int | None = None
    if arguments.peek() == b"(":
        flags = arguments.flag_list()
        arguments.space()
    if arguments.peek() == b'"':
        date = date_time(arguments)
        arguments.space()
    return flags, date


def _part(arguments: Arguments, steps: list[Step]) -> tuple[Literal | None, Place]:
    """``cat-part``: TEXT or UTF8 and a literal, which is answered, or URL and its string, which joins ``steps``.

    Also answered is the place behind it.
    """
    kind = arguments.keyword()
    arguments.space()
    if kind in ("TEXT", "UTF8"):
        utf8 = kind == "UTF8"
        if utf8:
            arguments.expect(b"(")
        size, waits, binary = arguments.announcement()
        if binary is not utf8:
            raise ParseError("literal8 expected" if utf8 else "Literal expected")
        return Literal(size, waits), Place.UTF8_PART if utf8 else Place.PARTS
    if kind != "URL":
        raise ParseError("TEXT, UTF8 or URL expected")
    if arguments.at_announcement():
        raise ArgumentFollows("URL expected")
    steps.append(Url(arguments.astring_text()))
    return None, Place.PARTS
