"""The messages family: which file answers which operation."""

from __future__ import annotations

from functools import partial

from services.storage.blobs.tickets import Tickets
from services.storage.forwarding import Forwarding
from services.storage.handlers import (
    messages_append,
    messages_bodies,
    messages_copy,
    messages_deliver,
    messages_expunge,
    messages_replace,
    messages_rows,
    messages_store,
    reaching,
)
from services.storage.handlers.one_by_one import one_by_one
from services.storage.registry import AnyRow, either, read, write
from services.storage.repositories.flagsets import FlagSets
from shared.contracts import messages as contract


def rows(flagsets: FlagSets, tickets: Tickets, forwarding: Forwarding) -> tuple[AnyRow, ...]:
    """All of the family."""
    return (
        write(
            contract.deliver, partial(messages_deliver.deliver, flagsets, forwarding), reach=messages_deliver.reach
        ),
        write(contract.append, partial(messages_append.append, flagsets), reach=reaching.named_mailbox),
        write(
            contract.replace, partial(one_by_one, partial(messages_replace.replace, flagsets)), reach=reaching.between
        ),
        write(contract.copy, partial(messages_copy.copy, flagsets), reach=reaching.between),
        write(contract.store, partial(messages_store.store, flagsets), reach=reaching.its_mailbox),
        write(contract.expunge, partial(messages_expunge.expunge, flagsets), reach=reaching.its_mailbox),
        read(contract.rows, messages_rows.rows),
        either(
            contract.bodies,
            partial(messages_bodies.read, tickets),
            partial(messages_bodies.read_and_mark, flagsets, tickets),
            writes=lambda request: request.seen,
            reach=reaching.its_mailbox,
        ),
    )
