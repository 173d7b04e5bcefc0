"""Header fields of MIME parts under a test: ``:mime`` with ``:anychild`` and its options (RFC 5703 section 4)."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from shared.mail.charsets import decode
from shared.mail.headers import decode_words, fields, unfold
from shared.mail.parameters import parse_structured
from shared.sieve.arguments import Arguments
from shared.sieve.run import Run
from shared.sieve.text import resolve_all

OPTIONS = ("type", "subtype", "contenttype", "param")
_MAX_PARAMETERS = 100

Fields = Callable[[Run, str], list[bytes]]  # unfolded values of all fields of a name


def reader(arguments: Arguments) -> Fields | None:
    """How the test finds fields in parts, None when it looks at the message's own header block."""
    if not arguments.has("mime"):
        if any(arguments.has(tag) for tag in (*OPTIONS, "anychild")):
            raise arguments.fail("this tag needs :mime")
        return None
    below = arguments.has("anychild")

    def read(run: Run, name: str) -> list[bytes]:
        nodes = run.message.nodes()
        here = nodes[0] if run.part is None else run.part
        found: list[bytes] = []
        for node in nodes[here.row : here.row + here.below + 1] if below else (here,):
            if node.row == 0:
                found += run.message.raw_values(name)
            else:
                block = run.message.octets[node.part.header_start : node.part.body_start]
                run.spend(len(block))
                found += _values(block, name.lower().encode("utf-8", "replace"))
        return found

    return read


def _values(block: bytes, name: bytes) -> list[bytes]:
    return [unfold(field.raw.partition(b":")[2]).strip() for field in fields(block) if field.name == name]


def texts(arguments: Arguments) -> Callable[[Run, bytes], list[str]]:
    """What a value is compared as: the whole, or what an option takes of it."""
    names = arguments.tag_texts("param")
    if names is not None:
        return lambda run, value: _parameters(value, resolve_all(names, run))
    if arguments.has("contenttype"):
        return lambda run, value: [_lead(value)]
    if arguments.has("type"):
        return lambda run, value: [_lead(value).partition("/")[0]]
    if arguments.has("subtype"):
        return lambda run, value: [_lead(value).partition("/")[2]]
    return lambda run, value: [decode_words(value).strip()]


def _lead(value: bytes) -> str:
    return decode(parse_structured(value, 0)[0], "us-ascii").strip()


def _parameters(value: bytes, names: list[str]) -> list[str]:
    """The values of parameters, those in extended form (RFC 2231) decoded."""
    given = dict(parse_structured(value, _MAX_PARAMETERS)[1])
    found = []
    for name in names:
        key = name.lower().encode("utf-8", "replace")
        if (extended := given.get(key + b"*")) is not None:
            charset, _, rest = extended.partition(b"'")
            found.append(decode(unquote_to_bytes(rest.partition(b"'")[2]), decode(charset, "us-ascii")))
        elif (plain := given.get(key)) is not None:
            found.append(decode_words(plain))
    return found
