"""enclose (RFC 5703 section 6): the message as an attachment of a new one. What is sent on stays as it was."""

from __future__ import annotations

from hashlib import blake2b

from shared.mail.compose import field, folded, text_part
from shared.mail.dates import format_date
from shared.sieve.arguments import Arguments
from shared.sieve.extensions.replace import spend_edit
from shared.sieve.registry import CommandRow, Extension, Step, TagRow, Value
from shared.sieve.run import Run, Signal
from shared.sieve.text import resolve, resolve_all


def _enclose(arguments: Arguments) -> Step:
    (text,) = arguments.texts(0)
    subject, copied = arguments.tag_texts("subject"), arguments.tag_texts("headers") or ()

    def step(run: Run) -> Signal | None:
        spend_edit(run)
        title = None if subject is None else resolve(subject[0], run)
        run.message.enclose(_new(run, title, resolve_all(copied, run), resolve(text, run)))
        return None

    return step


def _new(run: Run, title: str | None, copied: list[str], text: str) -> bytes:
    """The message around the present one."""
    message = run.message
    inside = message.header + message.body
    boundary = "=" + blake2b(inside, digest_size=12).hexdigest()
    wanted = {name.lower().encode("utf-8", "replace") for name in copied}
    if title is None:
        wanted.add(b"subject")
    kept = [(name, raw) for name, raw in message.raw_fields() if name in wanted and not name.startswith(b"content-")]
    names = {name for name, _ in kept}
    made = [] if title is None else [field("Subject", title)]
    if b"from" not in names:
        made.append(folded("From", [run.context.user or "MAILER-DAEMON"]))
    if b"date" not in names:
        made.append(f"Date: {format_date(int(run.context.now))}\r\n".encode())
    fields, body = text_part(text)
    mark = f"--{boundary}".encode()
    return b"".join(
        [
            *[raw for name, raw in kept if title is None or name != b"subject"],
            *made,
            f'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n'.encode(),
            mark + b"\r\n" + fields + b"\r\n" + body,
            b"\r\n" + mark + b"\r\nContent-Type: message/rfc822\r\n\r\n" + inside,
            b"\r\n" + mark + b"--\r\n",
        ]
    )


_TAGS = (TagRow("subject", Value.STRING), TagRow("headers", Value.STRINGS))
EXTENSION = Extension("enclose", commands=(CommandRow("enclose", _enclose, (Value.STRING,), _TAGS),))
