"""What a script decided, as plain data: whoever runs the engine carries it out."""

from __future__ import annotations

from typing import NamedTuple

from shared.sieve.errors import Place, SieveError


class Content(NamedTuple):
    """A message that the script changed: its header block, and its body unless that stayed as it was."""

    header: bytes
    body: bytes | None = None


class Keep(NamedTuple):
    """File into the default mailbox. ``flags`` None: those that the message has anyway."""

    flags: tuple[str, ...] | None = None
    content: Content | None = None
    implicit: bool = False


class FileInto(NamedTuple):
    """File into ``mailbox``, or the one that ``mailbox_id`` or ``special_use`` find before it."""

    mailbox: str
    flags: tuple[str, ...] | None = None
    create: bool = False
    special_use: str = ""
    mailbox_id: str = ""
    content: Content | None = None


class Redirect(NamedTuple):
    """Send the message on. The DSN words are those of RFC 6009; "" leaves them to the sender's own."""

    address: str
    content: Content | None = None
    notify: str = ""
    ret: str = ""
    deliver_by: float = 0.0  # Unix seconds (RFC 2852)
    by_mode: str = ""  # R or N, maybe with T


class Discard(NamedTuple):
    pass


class Reject(NamedTuple):
    """Refuse the message (RFC 5429); ``in_protocol``: rather in the SMTP dialogue than by a message (ereject)."""

    reason: str
    in_protocol: bool = False


class Vacation(NamedTuple):
    """An answer to whoever wrote, if the rules of RFC 5230 section 4 allow one.

    ``text`` is a MIME entity when ``is_mime``. ``handle`` tells answers apart; ``seconds`` is how long one sender
    gets no second one, ``addresses`` are further names of the user.
    """

    text: str
    handle: str
    seconds: int
    subject: str = ""
    sender: str = ""
    addresses: tuple[str, ...] = ()
    is_mime: bool = False
    fcc: FileInto | None = None
    content: Content | None = None  # the message as the script had changed it when it answered


class Notify(NamedTuple):
    """A notification (RFC 5435); ``importance`` is 1 (high) to 3."""

    method: str
    message: str = ""
    sender: str = ""
    importance: int = 2
    options: tuple[str, ...] = ()
    fcc: FileInto | None = None
    content: Content | None = None  # the message as the script had changed it


Action = Keep | FileInto | Redirect | Discard | Reject | Vacation | Notify


class Question(NamedTuple):
    """Something about the world that a script asked: "mailbox-exists" of a name, "seen" of a duplicate's id."""

    kind: str
    arguments: tuple[str, ...]


class Memory(NamedTuple):
    """Something to be remembered for ``seconds`` once the actions are carried out."""

    key: str
    seconds: int


class Traced(NamedTuple):
    """One step of a traced run: the script's line as written, and what came of it."""

    place: Place
    source: str
    result: str
    script: str = ""  # name of the included script


class Outcome(NamedTuple):
    """The end of a run. With ``error`` the only action is the implicit keep. ``flags`` is the internal variable of
    imap4flags as the run left it, None while nothing has set it.

    ``unknown`` holds questions that nobody had answered: when it is not empty the run counts for nothing, and is to
    be repeated with the answers.
    """

    actions: tuple[Action, ...]
    error: SieveError | None = None
    unknown: tuple[Question, ...] = ()
    memories: tuple[Memory, ...] = ()
    trace: tuple[Traced, ...] = ()
    steps: int = 0
    flags: tuple[str, ...] | None = None
