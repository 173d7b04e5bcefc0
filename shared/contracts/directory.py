"""Who there is: domains, accounts, aliases, logins. Served by storage, which alone knows passwords."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from shared.contracts.op import Event, Op, Repeat, services

FRONTS = services("smtp imap pop3 managesieve")  # where users log in


class Kind(StrEnum):
    """What an address is to us."""

    LOCAL = "local"  # ends in one account or more, in forwards, or in both
    UNKNOWN = "unknown"  # our domain, nobody there: 550 5.1.1
    FOREIGN = "foreign"  # not our domain
    FULL = "full"  # every account it ends in is over quota: 452 4.2.2


class Resolution(NamedTuple):
    """Where one address ends, aliases and subaddresses followed (RFC 5233), loops cut.

    ``address`` is as it was asked; ``postmaster`` alone gets the domain that it is for.
    ``accounts`` and ``addresses`` run in parallel: account id and its own address.
    """

    address: str
    kind: Kind
    accounts: tuple[int, ...] = ()
    addresses: tuple[str, ...] = ()
    forwards: tuple[str, ...] = ()
    detail: str = ""  # what stood behind '+'
    scripts: tuple[str, ...] = ()  # hash of each account's active Sieve script, "" for none; empty when none has one
    refuses: bool = False  # every end is an account whose script may refuse a letter


class Resolve(NamedTuple):
    addresses: tuple[str, ...]


class Resolved(NamedTuple):
    resolutions: tuple[Resolution, ...]  # in the order asked


resolve = Op("directory.resolve", Resolve, Resolved, services("smtp delivery admin"), 8.0, Repeat.SAFE)


class Login(NamedTuple):
    """A user name and a password in clear, received under TLS (or on loopback, by setting).

    ``authzid`` as in RFC 4616; empty means the user itself. ``remote`` is the client's IP address. For OAUTHBEARER
    and XOAUTH2 the password is a token, for EXTERNAL the certificate (DER in base64) that TLS has seen; these name
    their owner, and the user name may be empty.
    """

    mechanism: str
    username: str
    password: str
    authzid: str
    remote: str
    session: str


class LoggedIn(NamedTuple):
    """``grant`` lets the asking service act for this account until ``expires`` (Unix seconds)."""

    grant: bytes
    account: int
    address: str
    expires: int


login = Op("directory.login", Login, LoggedIn, FRONTS, 20.0, Repeat.SAFE)


class ScramRequest(NamedTuple):
    """How does this user prove his password under ``mechanism`` (SCRAM-SHA-256 or SCRAM-SHA-1)?"""

    mechanism: str
    username: str
    session: str


class ScramParameters(NamedTuple):
    """Everybody has some, whether he exists or not. ``nonce`` is the server's part, good for a few minutes."""

    salt: bytes
    iterations: int
    nonce: str


scram = Op("directory.scram", ScramRequest, ScramParameters, FRONTS, 8.0, Repeat.SAFE)


class Prove(NamedTuple):
    """That a client knows the password, without saying it.

    SCRAM: ``message`` is RFC 5802's AuthMessage, in which ``nonce`` stands as `scram` gave it. APOP: ``message`` is
    the timestamp of the greeting and ``proof`` the digest in hexadecimal; there is no nonce.
    """

    mechanism: str
    username: str
    authzid: str
    message: bytes
    nonce: str
    proof: bytes
    remote: str
    session: str


class Proved(NamedTuple):
    login: LoggedIn
    signature: bytes  # SCRAM: that the server knows the user, too


prove = Op("directory.prove", Prove, Proved, FRONTS, 20.0, Repeat.SAFE)


class Renew(NamedTuple):
    """A fresh grant for a session that outlives its first one; refused when the account changed."""

    grant: bytes


renew = Op("directory.renew", Renew, LoggedIn, services("smtp imap pop3"), 8.0, Repeat.SAFE)


class MaySend(NamedTuple):
    """May the grant's account send as each of these (its own, aliases that end in it, those it has leave for)?"""

    grant: bytes
    addresses: tuple[str, ...]


class Allowed(NamedTuple):
    allowed: tuple[bool, ...]


may_send = Op("directory.may-send", MaySend, Allowed, services("smtp"), 8.0, Repeat.SAFE)


class AccountChanged(NamedTuple):
    """Password, state or existence of an account changed: sessions with an older grant must end."""

    account: int
    address: str


account_changed = Event(
    "directory.changed",
    AccountChanged,
    services("storage"),
    services("storage smtp imap pop3 managesieve"),
    keyed=False,
)


# What the `eilpost` command asks.


class Done(NamedTuple):
    pass


class Name(NamedTuple):
    name: str


class Domain(NamedTuple):
    name: str
    accounts: int
    aliases: int
    catch_all: str  # address that gets what nobody else does; "" for none


class Domains(NamedTuple):
    domains: tuple[Domain, ...]


class DomainSet(NamedTuple):
    name: str
    catch_all: str = ""


class Nothing(NamedTuple):
    pass


ADMIN = services("admin")
domain_add = Op("directory.domain-add", DomainSet, Done, ADMIN, 10.0, Repeat.SAFE)
domain_set = Op("directory.domain-set", DomainSet, Done, ADMIN, 10.0, Repeat.SAFE)
domain_list = Op("directory.domain-list", Nothing, Domains, ADMIN, 10.0, Repeat.SAFE)
domain_remove = Op("directory.domain-remove", Name, Done, ADMIN, 10.0, Repeat.SAFE)


class Account(NamedTuple):
    id: int
    address: str
    enabled: bool
    messages: int
    octets: int
    quota: int  # octets; 0 for none
    created: int  # Unix seconds
    message_quota: int = 0  # messages; 0 for none


class Accounts(NamedTuple):
    accounts: tuple[Account, ...]
    next_after: str = ""  # pass as `after` for the next page; "" at the end


class AccountNew(NamedTuple):
    """``secret`` is a password, or a ``{SCHEME}hash`` string when ``hashed``."""

    address: str
    secret: str
    hashed: bool = False
    quota: int = 0
    message_quota: int = 0


class AccountsNew(NamedTuple):
    accounts: tuple[AccountNew, ...]


class AccountResult(NamedTuple):
    address: str
    error: str  # "" when it was created
    code: str = ""  # of the error: a `Code`


class AccountResults(NamedTuple):
    results: tuple[AccountResult, ...]


class AccountList(NamedTuple):
    domain: str = ""
    after: str = ""
    limit: int = 1000


class AccountSet(NamedTuple):
    """Each field that is not None is set."""

    address: str
    secret: str | None = None
    hashed: bool = False
    enabled: bool | None = None
    quota: int | None = None
    apop: bool | None = None  # keep the password, encrypted, for APOP; True only together with it
    message_quota: int | None = None


account_add = Op("directory.account-add", AccountsNew, AccountResults, ADMIN, 60.0, Repeat.NEVER)
account_list = Op("directory.account-list", AccountList, Accounts, ADMIN, 10.0, Repeat.SAFE)
account_set = Op("directory.account-set", AccountSet, Done, ADMIN, 10.0, Repeat.SAFE)
account_remove = Op("directory.account-remove", Name, Done, ADMIN, 30.0, Repeat.SAFE)


class Alias(NamedTuple):
    address: str
    targets: tuple[str, ...]


class Aliases(NamedTuple):
    aliases: tuple[Alias, ...]


class Sender(NamedTuple):
    """``account`` may send as ``address``, which is of one of our domains."""

    address: str
    account: str


class Senders(NamedTuple):
    senders: tuple[Sender, ...]


sender_add = Op("directory.sender-add", Sender, Done, ADMIN, 10.0, Repeat.SAFE)
sender_list = Op("directory.sender-list", Name, Senders, ADMIN, 10.0, Repeat.SAFE)
sender_remove = Op("directory.sender-remove", Sender, Done, ADMIN, 10.0, Repeat.SAFE)
alias_add = Op("directory.alias-add", Alias, Done, ADMIN, 10.0, Repeat.SAFE)
alias_list = Op("directory.alias-list", Name, Aliases, ADMIN, 10.0, Repeat.SAFE)
alias_remove = Op("directory.alias-remove", Name, Done, ADMIN, 10.0, Repeat.SAFE)
