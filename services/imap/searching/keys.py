"""What search keys depend on, and so what they cost. Pure."""

from __future__ import annotations

from collections.abc import Callable

from services.imap.flagsets import Flags
from shared.protocols.imap.syntax.search_key import (
    And,
    Body,
    EmailId,
    Flagged,
    Fuzzy,
    Header,
    Key,
    Not,
    Or,
    Saved,
    Sent,
    Text,
    ThreadId,
)

TEXTS = (Header, Body, Text, Sent)
"""Keys about words, which storage answers; all others but those of `by_rows` are answered by the view."""


def depends_on_flags(key: Key) -> bool:
    """Whether the flags of a message alone decide."""
    match key:
        case Flagged():
            return True
        case Not(inner):
            return depends_on_flags(inner)
        case And(keys) | Or(keys):
            return all(map(depends_on_flags, keys))
    return False


def judge(key: Key, flags: Flags) -> bool:
    """Whether a message with these flags fits a key that depends on nothing else."""
    match key:
        case Flagged(flag):
            return flag.lower() in flags.folded
        case Not(inner):
            return not judge(inner, flags)
        case And(keys):
            return all(judge(each, flags) for each in keys)
        case Or(keys):
            return any(judge(each, flags) for each in keys)
    raise ValueError(f"{type(key).__name__} does not depend on flags")


def replaced(key: Key, by: Callable[[Key], Key]) -> Key:
    """``key`` with each key in it, those inside first, replaced by what ``by`` makes of it; as flat as ever."""
    match key:
        case Not(inner):
            inner = replaced(inner, by)
            return by(inner.key if isinstance(inner, Not) else Not(inner))
        case Fuzzy(inner):
            return by(Fuzzy(replaced(inner, by)))
        case And(keys):
            inside = [replaced(each, by) for each in keys]
            flat = (part for each in inside for part in (each.keys if isinstance(each, And) else (each,)))
            return by(And(tuple(flat)))
        case Or(keys):
            inside = [replaced(each, by) for each in keys]
            flat = (part for each in inside for part in (each.keys if isinstance(each, Or) else (each,)))
            return by(Or(tuple(flat)))
    return by(key)


def size(key: Key) -> int:
    """How many terms the key is made of."""
    match key:
        case Not(inner) | Fuzzy(inner):
            return size(inner)
        case And(keys) | Or(keys):
            return sum(map(size, keys))
    return 1


def cost(key: Key) -> int:
    """Cheap keys first: 0 for the view's own, 2 for those that ask storage."""
    match key:
        case Header() | Body() | Text() | Sent() | Saved() | EmailId() | ThreadId():
            return 2
        case Not(inner):
            return cost(inner)
        case And(keys) | Or(keys):
            return 1 + max(map(cost, keys))
    return 0
