"""The spool as smtp and delivery see it: accept, claim, extend. Settling and reading stand in files beside this."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from hashlib import blake2b

from sqlalchemy import Connection

from services.storage import config
from services.storage.blobs.tickets import Tickets
from services.storage.handlers import reaching, spool_body, spool_settle
from services.storage.registry import AnyRow, read, write
from services.storage.repositories import contents, leases, letters, submissions
from services.storage.repositories.leases import Claimable, DueRecipient
from services.storage.repositories.letters import Incoming
from services.storage.repositories.submissions import Sent
from services.storage.resolver import Resolver
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts import spool
from shared.contracts.codec import encode
from shared.contracts.directory import Resolution
from shared.contracts.errors import Code, Refused
from shared.contracts.spool import (
    Accept,
    Accepted,
    Claim,
    Claimed,
    Due,
    Extend,
    Extended,
    Letter,
    LetterBody,
)
from shared.observe.log import Log

FRAME = 800_000  # octets of a reply; a recipient counts RECIPIENT, each end of its address END
RECIPIENT = 400
END = 80
SMALL = 16_384  # octets of a message that goes out with its claim


def rows(settings: config.Spool, resolver: Resolver, tickets: Tickets, log: Log) -> tuple[AnyRow, ...]:
    return (
        write(spool.accept, partial(accept, settings, log), grant_optional=True, reach=reaching.the_asker),
        write(spool.claim, partial(claim, settings, resolver, log), reach=reaching.nothing),
        write(spool.extend, partial(extend, settings), reach=reaching.nothing),
        write(spool.settle, spool_settle.settle, reach=reaching.nothing),
        read(spool.body, partial(spool_body.read, tickets)),
    )


def accept(
    settings: config.Spool, log: Log, work: UnitOfWork, asked: Sequence[Asked[Accept]]
) -> Sequence[Accepted | Refused]:
    """Store letters. The letter's id is the idempotency key: the same letter again is the same answer."""
    known = letters.known(work.connection, [each.request.letter for each in asked])
    answers: list[Accepted | Refused] = []
    fresh: list[Incoming] = []
    for each in asked:
        request = each.request
        if not 0 < len(request.recipients) <= settings.recipients:
            answers.append(Refused(Code.LIMIT, f"{len(request.recipients)} recipients"))
            continue
        digest = _digest(request)
        before = known.setdefault(request.letter, digest)
        if before != digest:
            log.error("storage.key_clash", op=spool.accept.name, key=request.letter, caller=each.caller)
            answers.append(Refused(Code.CONFLICT, f"letter {request.letter} was accepted with other content"))
            continue
        repeated = before is not digest
        answers.append(Accepted(request.letter, repeated))
        if not repeated:
            fresh.append(Incoming(request, digest, each.account))
    if any(each.account for each in fresh):
        fresh = _within_limits(settings, work, fresh, answers)
    if fresh:
        bodies = [(each.request.body, each.request.summary) for each in fresh]
        letters.add(work.connection, work.now, fresh, contents.intern(work.connection, work.now, bodies))
        far = sum([letters.leaves(each.request) for each in fresh])
        work.publish(spool.ready, spool.Ready(len(fresh) - far, far))
    return answers


def _within_limits(
    settings: config.Spool, work: UnitOfWork, fresh: Sequence[Incoming], answers: list[Accepted | Refused]
) -> list[Incoming]:
    """Those whose account has not sent too much, counted; the others' answers become refusals."""
    before = submissions.sent(work.connection, work.now, {each.account for each in fresh if each.account})
    more: dict[int, Sent] = {}
    passed: list[Incoming] = []
    for each in fresh:
        if each.account:
            had, has = before.get(each.account, Sent()), more.get(each.account, Sent())
            has = Sent(has.letters + 1, has.recipients + len(each.request.recipients))
            if _passes(settings.letters_per_hour, had.letters + has.letters) or _passes(
                settings.recipients_per_day, had.recipients + has.recipients
            ):
                place = next(n for n, answer in enumerate(answers) if answer == Accepted(each.request.letter, False))
                answers[place] = Refused(Code.THROTTLED, "the account has sent too much")
                continue
            more[each.account] = has
        passed.append(each)
    submissions.count(work.connection, work.now, before, more)
    return passed


def _passes(limit: int, count: int) -> bool:
    return 0 < limit < count


def _digest(request: Accept) -> bytes:
    """What tells a repeat from another letter under the same id. A grant may be renewed between two attempts."""
    return blake2b(encode(request._replace(grant=b"")), digest_size=16).digest()


def claim(
    settings: config.Spool, resolver: Resolver, log: Log, work: UnitOfWork, asked: Sequence[Asked[Claim]]
) -> Sequence[Claimed]:
    """Lease due letters to each worker in turn."""
    return [_claim(settings, resolver, log, work, each.request) for each in asked]


def _claim(settings: config.Spool, resolver: Resolver, log: Log, work: UnitOfWork, request: Claim) -> Claimed:
    connection, now = work.connection, work.now
    found = leases.find(connection, now, settings.longest_lease, max(1, request.limit), far=request.far)
    most = settings.poison_claims_far if request.far else settings.poison_claims
    poison = [row for row in found.letters if row.claims >= most]
    if poison:
        leases.hold(connection, [row.seq for row in poison], f"claimed {most} times without a verdict")
        for row in poison:
            work.on_commit(partial(log.error, "spool.poison", letter=row.id, trace=row.trace, claims=row.claims))
    good = [row for row in found.letters if row.claims < most]
    if not good:
        return Claimed((), None if found.more else leases.next_due(connection, now, far=request.far), found.more)
    due = leases.due(connection, now, [row.seq for row in good], far=request.far)
    good = [row for row in good if due[row.seq]]  # another process may have settled one before it let the letter go
    resolutions = resolver.resolve(connection, {each.address for some in due.values() for each in some})
    fitting = _fitting(good, due, resolutions, far=request.far)
    leases.lease(
        connection, now, [row.seq for row in fitting], request.worker, min(request.lease, settings.longest_lease)
    )
    more = found.more or len(fitting) < len(good)
    bodies = _bodies(connection, fitting) if request.far else {}
    claimed = tuple(_letter(row, due[row.seq], resolutions, bodies.get(row.seq)) for row in fitting)
    return Claimed(claimed, None if more else leases.next_due(connection, now, far=request.far), more)


def _fitting(
    letters: Sequence[Claimable],
    due: dict[int, list[DueRecipient]],
    resolutions: dict[str, Resolution],
    *,
    far: bool,
) -> list[Claimable]:
    """As many letters as fit one frame, in the far lane with their small messages; of a first one that does not fit,
    some recipients.
    """
    fitting: list[Claimable] = []
    weight = 0
    for row in letters:
        recipients = due[row.seq]
        if far and row.size <= SMALL:
            weight += RECIPIENT + row.size
        for place, each in enumerate(recipients):
            ends = resolutions[each.address]
            weight += RECIPIENT + END * (len(ends.accounts) + len(ends.forwards) + len(ends.scripts))
            if weight > FRAME and (fitting or place):
                if not fitting:
                    del recipients[place:]
                    fitting.append(row)
                return fitting
        fitting.append(row)
    return fitting


def _bodies(connection: Connection, letters: Sequence[Claimable]) -> dict[int, LetterBody]:
    """Small messages of letters on their way out, for which `_fitting` has left room."""
    small = [row for row in letters if row.size <= SMALL]
    stored = contents.read(connection, list({row.content_id for row in small}))
    return {
        row.seq: LetterBody((row.prefix or b"") + stored[row.content_id].octets)
        for row in small
        if row.content_id in stored
    }


def _letter(
    row: Claimable, due: Sequence[DueRecipient], resolutions: dict[str, Resolution], body: LetterBody | None = None
) -> Letter:
    recipients = tuple(
        Due(
            each.number,
            each.address,
            each.attempts,
            resolutions[each.address],
            tuple(each.notify.split()),
            each.original,
            each.warned,
            each.sender,
        )
        for each in due
    )
    return Letter(
        row.id,
        row.fence + 1,
        row.trace,
        row.sender,
        row.accepted,
        row.size,
        row.message_id,
        row.smtputf8,
        recipients,
        row.junk,
        row.envelope_id,
        row.ret,
        row.require_tls,
        row.priority,
        row.deliver_by,
        row.by_mode,
        body,
    )


def extend(settings: config.Spool, work: UnitOfWork, asked: Sequence[Asked[Extend]]) -> Sequence[Extended]:
    """Move the ends of leases; say which ones were lost."""
    ids = {fenced.letter for each in asked for fenced in each.request.letters}
    fences = leases.fences(work.connection, ids)
    until: list[tuple[int, float]] = []
    answers = []
    for each in asked:
        end = work.now + min(each.request.lease, settings.longest_lease)
        lost = []
        for id, fence in each.request.letters:
            seq, present = fences.get(id, (0, -1))
            if present == fence:
                until.append((seq, end))
            else:
                lost.append(id)
        answers.append(Extended(tuple(lost)))
    leases.extend(work.connection, until)
    return answers
