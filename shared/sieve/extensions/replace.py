"""replace (RFC 5703 section 5): another text in the place of a part, or of the whole message."""

from __future__ import annotations

from shared.mail.compose import crlf, field, text_part
from shared.sieve.arguments import Arguments
from shared.sieve.errors import LimitExceeded
from shared.sieve.message import Message, header_end
from shared.sieve.registry import CommandRow, Extension, Step, TagRow, Value
from shared.sieve.run import Run, Signal
from shared.sieve.text import resolve

_CONTENT = b"content-"


def _replace(arguments: Arguments) -> Step:
    (text,) = arguments.texts(0)
    subject, sender, is_mime = arguments.tag_texts("subject"), arguments.tag_texts("from"), arguments.has("mime")

    def step(run: Run) -> Signal | None:
        spend_edit(run)
        fields, body = entity(resolve(text, run), is_mime=is_mime)
        if run.part is not None and run.part.row:
            run.message.replace_part(run.part, fields + b"\r\n" + body.removesuffix(b"\r\n"))
            return None
        new = {
            name: resolve(given[0], run)
            for name, given in (("Subject", subject), ("From", sender))
            if given is not None
        }
        run.message.become(_header(run.message, new) + b"MIME-Version: 1.0\r\n" + fields + b"\r\n" + body)
        return None

    return step


def spend_edit(run: Run) -> None:
    """One more change of the message, which costs as much as the message is long."""
    run.edits += 1
    if run.edits > run.limits.edits:
        raise LimitExceeded(f"more than {run.limits.edits} changes of the message")
    run.spend(len(run.message.octets))


def entity(text: str, *, is_mime: bool) -> tuple[bytes, bytes]:
    """Content fields and body of a replacement; other fields that it brings are left out."""
    if not is_mime:
        return text_part(text)
    octets = crlf(text.encode("utf-8", "replace"))
    end = header_end(octets)
    kept = [raw for name, raw in Message(octets).raw_fields() if name.startswith(_CONTENT)]
    return b"".join(kept) or b"Content-Type: text/plain; charset=utf-8\r\n", octets[end:]


def _header(message: Message, new: dict[str, str]) -> bytes:
    """The message's fields without what describes its old body; what ``new`` takes the place of stays as
    Original-Subject and Original-From."""
    kept = []
    for name, raw in message.raw_fields():
        if name.startswith(_CONTENT) or name == b"mime-version":
            continue
        taken = next((given for given in new if given.lower().encode() == name), None)
        kept.append(raw if taken is None else b"Original-" + raw)
    return b"".join([*kept, *[field(name, value) for name, value in new.items()]])


_TAGS = (TagRow("mime"), TagRow("subject", Value.STRING), TagRow("from", Value.STRING))
EXTENSION = Extension("replace", commands=(CommandRow("replace", _replace, (Value.STRING,), _TAGS),))
