"""Server responses as octets (RFC 3501 section 7, RFC 9051 section 7), FETCH apart (`fetch_items`).

Every function returns whole lines with CRLF; those whose name ends in ``_code`` a response code without its brackets.
No argument can break out of its line: text is cleansed of what is not printable, strings are quoted or sent as
literals, and names become modified UTF-7 (or UTF-8 in quotes for clients that enabled it).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from shared.protocols.imap.strings import (
    astring,
    flag_list,
    mailbox,
    nstring,
    nstring8,
    number_set,
    range_set,
    string,
    text,
)
from shared.protocols.imap.syntax.search_return import Returns

_RANGES = 500  # in one VANISHED: some clients bear no line above 8 KiB

# --- status responses ---


def tagged(tag: str, status: str, words: str, code: str | bytes = "") -> bytes:
    """``tag status [code] text``; status is OK, NO or BAD; ``code`` comes without brackets."""
    head = f"{tag} {status} ".encode("ascii", "replace")
    if not code:
        return b"%b%b\r\n" % (head, text(words.lstrip("[")))
    return b"%b[%b] %b\r\n" % (head, code if isinstance(code, bytes) else text(code), text(words))


def untagged(status: str, words: str, code: str | bytes = "") -> bytes:
    """``* status [code] text``: OK, NO, BAD, PREAUTH or BYE."""
    return tagged("*", status, words, code)


def continuation(words: str = "OK") -> bytes:
    """``+ text``: go on with the literal, or with IDLE."""
    return b"+ %b\r\n" % text(words)


def challenge(base64: bytes) -> bytes:
    """``+ base64``: a SASL challenge, already in base64."""
    return b"+ %b\r\n" % base64


# --- response codes, without their brackets ---


def capability_code(names: Iterable[str]) -> bytes:
    """``CAPABILITY ...``."""
    return b"CAPABILITY " + " ".join(names).encode("ascii")


def permanent_flags_code(flags: Iterable[str]) -> bytes:
    """``PERMANENTFLAGS (...)``; "\\*" for new keywords is passed as any other."""
    return b"PERMANENTFLAGS " + flag_list(flags)


def append_uid_code(uidvalidity: int, uids: Sequence[int]) -> bytes:
    """``APPENDUID`` (RFC 4315)."""
    return b"APPENDUID %d %b" % (uidvalidity, number_set(uids))


def copy_uid_code(uidvalidity: int, source: Sequence[int], target: Sequence[int]) -> bytes:
    """``COPYUID`` (RFC 4315): parallel sequences, in order."""
    return b"COPYUID %d %b %b" % (uidvalidity, number_set(source), number_set(target))


def modified_code(numbers: Sequence[int]) -> bytes:
    """``MODIFIED`` (RFC 7162): ascending UIDs or message numbers that UNCHANGEDSINCE left alone."""
    return b"MODIFIED " + number_set(numbers)


def mailbox_id_code(object_id: bytes) -> bytes:
    """``MAILBOXID`` (RFC 8474)."""
    return b"MAILBOXID (%b)" % object_id


def in_progress_code(tag: str, done: int, goal: int) -> bytes:
    """``INPROGRESS`` (RFC 9585 section 5): a goal that is reached or passed is none.

    A tag with "]" in it would end the code, and so is not told.
    """
    told = b"NIL" if "]" in tag else quoted(tag)
    return b"INPROGRESS (%b %d %b)" % (told, done, b"%d" % goal if goal > done else b"NIL")


# --- mailbox data ---


def capability(names: Iterable[str]) -> bytes:
    """``* CAPABILITY``."""
    return b"* %b\r\n" % capability_code(names)


def enabled(names: Iterable[str]) -> bytes:
    """``* ENABLED`` (RFC 5161)."""
    return b"* " + " ".join(("ENABLED", *names)).encode("ascii") + b"\r\n"


def exists(count: int) -> bytes:
    """``* n EXISTS``."""
    return b"* %d EXISTS\r\n" % count


def recent(count: int) -> bytes:
    """``* n RECENT``."""
    return b"* %d RECENT\r\n" % count


def expunge(number: int) -> bytes:
    """``* n EXPUNGE``."""
    return b"* %d EXPUNGE\r\n" % number


def vanished(ranges: Iterable[tuple[int, int]], *, earlier: bool = False) -> Iterator[bytes]:
    """``* VANISHED``, ``earlier`` or not, of UID ranges in lines of bearable length (RFC 7162 section 3.2.10)."""
    head = b"* VANISHED (EARLIER) " if earlier else b"* VANISHED "
    rest = iter(ranges)
    while some := list(islice(rest, _RANGES)):
        yield b"%b%b\r\n" % (head, range_set(some))


def flags(names: Iterable[str]) -> bytes:
    """``* FLAGS (...)``."""
    return b"* FLAGS %b\r\n" % flag_list(names)


def listed(
    attributes: Iterable[str],
    separator: str | None,
    name: str,
    *,
    lsub: bool = False,
    utf8: bool = False,
    child_info: Iterable[str] = (),
    old_name: str = "",
) -> bytes:
    """``* LIST`` or ``* LSUB``. ``child_info`` fills CHILDINFO (RFC 5258 section 3.5), ``old_name`` OLDNAME (RFC 9051
    section 6.3.9.7); both are left out while empty."""
    parts = [
        b"* LSUB" if lsub else b"* LIST",
        flag_list(attributes),
        string(separator.encode("ascii")) if separator else b"NIL",
        mailbox(name, utf8=utf8),
    ]
    extended: list[bytes] = []
    if child_info:
        extended.append(b'"CHILDINFO" (%b)' % b" ".join(string(info.encode("ascii")) for info in child_info))
    if old_name:
        extended.append(b'"OLDNAME" (%b)' % mailbox(old_name, utf8=utf8))
    if extended:
        parts.append(b"(%b)" % b" ".join(extended))
    return b" ".join(parts) + b"\r\n"


def status(name: str, items: Iterable[tuple[str, int | bytes]], *, utf8: bool = False) -> bytes:
    """``* STATUS``: numbers, and octets for what is none."""
    counts = b" ".join(
        b"%b %b" % (item.encode("ascii"), value if isinstance(value, bytes) else b"%d" % value)
        for item, value in items
    )
    return b"* STATUS %b (%b)\r\n" % (mailbox(name, utf8=utf8), counts)


def namespace(spaces: Iterable[tuple[str, str]], *, utf8: bool = False) -> bytes:
    """``* NAMESPACE`` (RFC 2342): prefix and separator of the personal space, other users' and the shared one."""
    told = (
        b"((%b %b))" % (mailbox(prefix, utf8=utf8), string(separator.encode("ascii"))) for prefix, separator in spaces
    )
    return b"* NAMESPACE %b\r\n" % b" ".join(told)


# --- rights (RFC 4314) ---


def acl(name: str, entries: Iterable[tuple[str, str]], *, utf8: bool = False) -> bytes:
    """``* ACL``: identifiers, each with its rights."""
    parts = [b"* ACL", mailbox(name, utf8=utf8)]
    for identifier, rights in entries:
        parts += (string(identifier.encode()), string(rights.encode("ascii")))
    return b" ".join(parts) + b"\r\n"


def list_rights(name: str, identifier: str, required: str, optional: Iterable[str], *, utf8: bool = False) -> bytes:
    """``* LISTRIGHTS``: what the identifier always has, and what it may be given, right by right."""
    parts = [b"* LISTRIGHTS", mailbox(name, utf8=utf8), string(identifier.encode()), string(required.encode("ascii"))]
    parts += (right.encode("ascii") for right in optional)
    return b" ".join(parts) + b"\r\n"


def my_rights(name: str, rights: str, *, utf8: bool = False) -> bytes:
    """``* MYRIGHTS``."""
    return b"* MYRIGHTS %b %b\r\n" % (mailbox(name, utf8=utf8), string(rights.encode("ascii")))


# --- quotas (RFC 9208) ---


def quota(root: str, resources: Iterable[tuple[str, int, int]], *, utf8: bool = False) -> bytes:
    """``* QUOTA``: the name, usage and limit of each limited resource."""
    told = " ".join(f"{name} {used} {limit}" for name, used, limit in resources)
    return b"* QUOTA %b (%b)\r\n" % (mailbox(root, utf8=utf8), told.encode("ascii"))


def quota_root(name: str, roots: Iterable[str], *, utf8: bool = False) -> bytes:
    """``* QUOTAROOT``: the roots of a mailbox."""
    return b" ".join((b"* QUOTAROOT", *(mailbox(each, utf8=utf8) for each in (name, *roots)))) + b"\r\n"


# --- annotations (RFC 5464) ---


def metadata(name: str, values: Iterable[tuple[str, bytes | None]], *, utf8: bool = False) -> bytes:
    """``* METADATA`` with values; the mailbox "" is the server."""
    told = b" ".join(b"%b %b" % (astring(entry.encode("ascii")), nstring8(value)) for entry, value in values)
    return b"* METADATA %b (%b)\r\n" % (mailbox(name, utf8=utf8), told)


def metadata_changed(name: str, entries: Iterable[str], *, utf8: bool = False) -> bytes:
    """``* METADATA`` of its own accord: the entries that changed."""
    told = b" ".join(astring(entry.encode("ascii")) for entry in entries)
    return b"* METADATA %b %b\r\n" % (mailbox(name, utf8=utf8), told)


def identification(fields: Sequence[tuple[str, str | None]]) -> bytes:
    """``* ID`` (RFC 2971); NIL for no fields."""
    if not fields:
        return b"* ID NIL\r\n"
    texts = (
        string(name.encode()) + b" " + nstring(None if value is None else value.encode()) for name, value in fields
    )
    return b"* ID (%b)\r\n" % b" ".join(texts)


# --- searching ---


def search(numbers: Sequence[int], modseq: int | None = None) -> bytes:
    """``* SEARCH``, with the highest modseq of what was found where the criteria had one (RFC 7162)."""
    body = " ".join(map(str, ("* SEARCH", *numbers))).encode("ascii")
    if modseq is not None and numbers:
        return b"%b (MODSEQ %d)\r\n" % (body, modseq)
    return body + b"\r\n"


def sort(numbers: Sequence[int], modseq: int | None = None) -> bytes:
    """``* SORT`` (RFC 5256), likewise."""
    return b"* SORT" + search(numbers, modseq).removeprefix(b"* SEARCH")


def thread(roots: Iterable[int], first: Sequence[int], following: Sequence[int], numbers: Iterable[int]) -> bytes:
    """``* THREAD`` (RFC 5256). Nodes count from 0; ``first`` has their first children, ``following`` what stands
    beside them, -1 for none. One that ``numbers`` does not reach stands for a missing message, and has children."""
    shown = list(map(str, numbers))
    parts: list[str] = []
    for root in roots:
        chain = [shown[root]] if root < len(shown) else []
        below = first[root]
        while below >= 0 and following[below] < 0:
            chain.append(shown[below])
            below = first[below]
        parts += _tree(root, first, following, shown) if below >= 0 else (f"({' '.join(chain)})",)
    return f"* THREAD {''.join(parts)}".rstrip().encode("ascii") + b"\r\n"


def _tree(root: int, first: Sequence[int], following: Sequence[int], shown: Sequence[str]) -> Iterator[str]:
    """One thread in parentheses; without recursion, since threads may be as long as mailboxes."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node < 0:
            yield ")"
            continue
        if node != root and following[node] >= 0:
            waiting.append(following[node])
        yield "("
        below = node
        while True:
            node, below = below, first[below]
            if node < len(shown):
                yield f"{shown[node]} " if below >= 0 else shown[node]
            if below < 0 or following[below] >= 0:
                break
        waiting.append(-1)
        if below >= 0:
            waiting.append(below)


def esearch(
    tag: str,
    returns: Returns,
    numbers: Sequence[int],
    *,
    uid: bool,
    modseq: int | None = None,
    scores: Sequence[int] = (),
    place: bytes = b"",
) -> bytes:
    """``* ESEARCH`` (RFC 4731): what ``returns`` asks out of ``numbers``, in order.

    ``scores`` go with ``numbers`` (RFC 6203 section 4); ``place`` is what says which mailbox was searched (RFC 7377).
    """
    parts = [b"* ESEARCH (TAG %b%b)" % (quoted(tag), place)]
    if uid:
        parts.append(b"UID")
    asked = returns.options
    if numbers:
        if "MIN" in asked:
            parts.append(b"MIN %d" % numbers[0])
        if "MAX" in asked:
            parts.append(b"MAX %d" % numbers[-1])
        if "ALL" in asked:
            parts.append(b"ALL " + number_set(numbers))
    if "COUNT" in asked:
        parts.append(b"COUNT %d" % len(numbers))
    if returns.partial is not None:
        parts.append(
            b"PARTIAL (%b %b)" % (str(returns.partial).encode(), number_set(returns.partial.of(numbers)) or b"NIL")
        )
        scores = returns.partial.of(scores)
    if scores:
        parts.append(b"RELEVANCY (%b)" % " ".join(map(str, scores)).encode("ascii"))
    if modseq is not None and numbers:
        parts.append(b"MODSEQ %d" % modseq)
    return b" ".join(parts) + b"\r\n"


def mailbox_place(name: str, uidvalidity: int, *, utf8: bool = False) -> bytes:
    """What `esearch` says of a mailbox that was searched without being selected."""
    return b" MAILBOX %b UIDVALIDITY %d" % (mailbox(name, utf8=utf8), uidvalidity)


def esearch_update(tag: str, item: str, positions: Iterable[tuple[int, Iterable[int]]], *, uid: bool) -> bytes:
    """``* ESEARCH`` of its own accord (RFC 5267 section 4.3): ``item`` is ADDTO or REMOVEFROM; sets and where they
    come or go, one after the other."""
    sets = b" ".join(b"%d %b" % (place, number_set(numbers)) for place, numbers in positions)
    return b"* ESEARCH (TAG %b)%b %b (%b)\r\n" % (quoted(tag), b" UID" if uid else b"", item.encode("ascii"), sets)


def uid_batches(tag: str, ranges: Iterable[tuple[int, int]]) -> bytes:
    """``* UIDBATCHES`` (RFC 10022): each batch from its highest UID to its lowest."""
    told = b",".join(b"%d:%d" % each for each in ranges)
    return b"* UIDBATCHES (TAG %b)%b\r\n" % (quoted(tag), b" " + told if told else b"")


def no_update_code(tag: str) -> bytes:
    """``NOUPDATE`` (RFC 5267 section 4.3.1)."""
    return b"NOUPDATE " + quoted(tag)


def quoted(tag: str) -> bytes:
    """A tag as a quoted string."""
    return string(tag.encode("ascii"))
