"""Tickets for uploads."""

from __future__ import annotations

from functools import partial

from services.storage.blobs.tickets import Tickets
from services.storage.registry import AnyRow, known
from services.storage.unit_of_work import Asked
from shared.base.ids import new_ulid
from shared.contracts import blobs
from shared.contracts.blobs import UploadRequest, UploadTicket


def rows(tickets: Tickets, largest: int) -> tuple[AnyRow, ...]:
    return (known(blobs.upload, partial(upload, tickets, largest)),)


def upload(tickets: Tickets, largest: int, asked: Asked[UploadRequest]) -> UploadTicket:
    """A place to send one body to."""
    number = new_ulid()
    return UploadTicket(number, tickets.upload_url(number, min(asked.request.limit, largest)))
