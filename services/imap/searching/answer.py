"""The ESEARCH response to SEARCH and SORT, and what stays of a search: "$", and updates."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from services.imap.context import DONE, Done, MailboxContext
from services.imap.errors import Bad
from services.imap.searching.evaluate import relevancies
from services.imap.searching.updates import MOST, Update
from shared.base.errors import EilpostError
from shared.protocols.imap import responses
from shared.protocols.imap.syntax.fetch import FetchItem
from shared.protocols.imap.syntax.search_key import Key
from shared.protocols.imap.syntax.search_return import Returns
from shared.protocols.imap.syntax.sort import Criterion


class Result(NamedTuple):
    """What was found, in its order; ``numbers`` are what the client calls ``uids``."""

    key: Key
    criteria: tuple[Criterion, ...]
    uids: array[int]
    numbers: Sequence[int]
    modseq: int | None
    uid: bool
    place: bytes = b""  # which mailbox, where that is not clear


def check_tag(context: MailboxContext, returns: Returns | None) -> None:
    """Raise `Bad` where a search that is followed has the same tag."""
    if returns is not None and "UPDATE" in returns.options and context.talk.tag in context.updates:
        raise Bad("Tag reuse")


@contextmanager
def saving(context: MailboxContext | None, returns: Returns | None) -> Iterator[None]:
    """A search that fails leaves "$" empty where it was to be saved; one that is BAD changes nothing (RFC 5182
    section 2.1)."""
    try:
        yield
    except Bad:
        raise
    except EilpostError:
        if context is not None and returns is not None and "SAVE" in returns.options:
            context.saved = array("I")
        raise


async def answer(context: MailboxContext, returns: Returns, result: Result) -> Done:
    """Tell what was asked for."""
    if "SAVE" in returns.options:
        context.saved = saved(returns, result.uids)
    if returns.options != {"SAVE"} or returns.partial is not None:
        scores: list[int] = []
        if "RELEVANCY" in returns.options:
            found = await relevancies(context, result.key, result.uids)
            scores = [found[uid] for uid in result.uids]
        context.talk.out.write(
            responses.esearch(
                context.talk.tag,
                returns,
                result.numbers,
                uid=result.uid,
                modseq=result.modseq,
                scores=scores,
                place=result.place,
            )
        )
    if "UPDATE" in returns.options:
        follow(context, result, returns.items)
    return DONE


def follow(context: MailboxContext, result: Result, items: tuple[FetchItem, ...]) -> None:
    """Tell from now on how the result changes, and ``items`` of what arrives, unless too much is followed already."""
    tag = context.talk.tag
    by_relevancy = any(each.name == "RELEVANCY" for each in result.criteria)
    if len(context.updates) >= MOST or by_relevancy:
        context.talk.out.write(responses.untagged("NO", "Not followed", responses.no_update_code(tag)))
        return
    context.updates[tag] = Update(context, result.key, result.criteria, result.uids, items, uid=result.uid)


def saved(returns: Returns, uids: array[int]) -> array[int]:
    """What "$" means from now on (RFC 5182 section 2.4, RFC 9394 section 3.2), ascending."""
    options = returns.options
    if not uids or options & {"ALL", "COUNT"} or not (options & {"MIN", "MAX"} or returns.partial):
        return array("I", sorted(uids))
    kept = set(returns.partial.of(uids)) if returns.partial is not None else set()
    if "MIN" in options:
        kept.add(uids[0])
    if "MAX" in options:
        kept.add(uids[-1])
    return array("I", sorted(kept))
