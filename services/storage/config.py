"""The table ``[storage]`` of the configuration. Sizes in octets, times in seconds."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from services.storage.rules import names
from services.storage.rules.postmaster import Appointed
from shared.mail.address import AddressError, canonical
from shared.net.listener import ListenerSpec

MIB = 1024 * 1024
HOUR = 3600
DAY = 24 * HOUR


@dataclass(frozen=True)
class DataPort:
    """Where bodies too large for the bus are streamed. ``url`` is how the fronts reach it; "" for host and port."""

    host: str = "127.0.0.1"
    port: int = 4280  # 0: any free one
    url: str = ""
    ticket_lifetime: int = 600
    idle_timeout: float = 60.0


@dataclass(frozen=True)
class Objects:
    """The object store that `blobs` names. What is left empty is taken from the environment, as its vendor's own
    programs do (AWS_ACCESS_KEY_ID and so on, or the role of the machine)."""

    endpoint: str = ""  # URL of an S3 that is not Amazon's
    region: str = ""
    key: str = ""  # the access key's id (S3), or the account's name (Azure)
    secret: Path | None = None  # a file: the secret key (S3), the account's key (Azure), the service account (Google)
    connect_timeout: float = 5.0
    timeout: float = 10.0  # of one request
    at_once: int = 8  # bodies read or written at the same time

    def __post_init__(self) -> None:
        if self.endpoint and not re.fullmatch(r"https?://[^\s/]+(/\S*)?", self.endpoint):
            raise ValueError("endpoint must be a URL that begins with https:// or http://")
        if not 0.1 <= self.connect_timeout <= self.timeout <= 60 or self.at_once < 1:
            raise ValueError("0.1 <= connect_timeout <= timeout <= 60 must hold, and at_once be at least 1")


@dataclass(frozen=True)
class Rooms:
    """How many requests may run and wait. One that finds its queue full is refused as UNAVAILABLE."""

    light_readers: int = 2
    heavy_readers: int = 1
    waiting: int = 5_000  # for each of the writer and the readers
    batch: int = 256  # requests in one transaction

    def __post_init__(self) -> None:
        for name in ("light_readers", "heavy_readers", "waiting", "batch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")


@dataclass(frozen=True)
class Login:
    """Passwords and those who guess them (the figures count per day, or per hour where it says so)."""

    grant_lifetime: int = DAY
    cache_lifetime: int = 300  # a verified password is believed again without hashing
    hashing: int = 0  # verifications at once; 0: twice the processor's cores
    hashing_wait: float = 10.0
    delays: tuple[str, ...] = ("2", "4", "8", "15")  # before the answer to the first, second, ... failure in a row
    failures_per_address: int = 100
    failures_per_user: int = 50  # from one network
    users_per_network: int = 5  # distinct ones that failed, per hour; /24 and /48
    trusted: tuple[str, ...] = ("127.0.0.0/8", "::1/128")  # not counted, not delayed
    default_domain: str = ""  # of user names without one
    apop_key: Path | None = None  # 32 random octets or more, in a file; without it no account can have APOP

    @property
    def delay_seconds(self) -> tuple[float, ...]:
        return tuple(float(text) for text in self.delays)

    def __post_init__(self) -> None:
        if not 60 <= self.grant_lifetime <= 30 * DAY:
            raise ValueError("grant_lifetime must lie between a minute and 30 days")
        if not self.delays or any(not text.replace(".", "", 1).isdigit() for text in self.delays):
            raise ValueError("delays must be a list of seconds")


@dataclass(frozen=True)
class Spool:
    """What becomes of letters."""

    poison_claims: int = 3  # claims without a verdict after which a letter is held ...
    poison_claims_far: int = 10  # ... when it leaves this installation: its way is long, and many share a claim
    longest_lease: float = 600.0
    keep_settled: int = 7 * DAY
    recipients: int = 1_000  # of one letter
    letters_per_hour: int = 5_000  # handed in by one account, whatever its front; 0: as many as it likes
    recipients_per_day: int = 20_000  # of one account, in 24 hours; 0: as many as it likes


@dataclass(frozen=True)
class Sieve:
    """What scripts an account may keep."""

    scripts: int = 32
    script: int = 100 * 1024  # octets of one

    def __post_init__(self) -> None:
        if self.scripts < 1 or not 1 <= self.script <= 512 * 1024:
            raise ValueError("scripts must be at least 1, and script between 1 and 524288 octets")


@dataclass(frozen=True)
class Metadata:
    """What may be kept at one mailbox, and at the server, by each account and by all together (RFC 5464)."""

    value: int = 64 * 1024  # octets of one
    count: int = 500
    octets: int = 256 * 1024  # of all values
    contact: str = ""  # whom users may turn to, as a URI ("mailto:postmaster@example.org"): "/shared/admin"

    def __post_init__(self) -> None:
        if not 1024 <= self.value <= self.octets <= 256 * 1024 or not 10 <= self.count <= 10_000:
            raise ValueError("value and octets must lie between 1024 and 262144, count between 10 and 10000")


@dataclass(frozen=True)
class Sweep:
    """Collection of what nobody names any more."""

    interval: float = 60.0
    files_interval: float = 6 * HOUR  # between two looks for bodies that nothing names
    upload_grace: int = DAY  # an upload that no commit has named by then is removed
    dedupe: int = 7 * DAY  # how long a repeated write is recognised


@dataclass(frozen=True)
class Search:
    """The word index, filled in the background while little mail arrives. Searches are exact all the time."""

    index: bool = True
    quiet: float = 2.0  # without new mail before indexing begins
    patience: float = 60.0  # after which it begins although mail keeps arriving
    batch: int = 40  # messages in one transaction, while few ask for anything
    pause: float = 0.01  # between two transactions
    share: float = 0.05  # of one processor's time, while many do
    vocabulary: float = 6 * HOUR  # between two looks for words that no message has any more

    def __post_init__(self) -> None:
        if self.batch < 1 or min(self.quiet, self.vocabulary) <= 0 or not 0 < self.share <= 1:
            raise ValueError("batch must be at least 1, quiet, vocabulary and share above 0, share at most 1")


@dataclass(frozen=True)
class Postgresql:
    """How long storage waits for PostgreSQL, in seconds. What the URL says itself (``?connect_timeout=3``) wins."""

    connect_timeout: float = 3.0
    silence: float = 5.0  # of a server that acknowledges nothing (TCP), after which the connection counts as lost
    statement_timeout: float = 8.0
    lock_timeout: float = 4.0  # for what another process holds
    patience: float = 6.0  # a request waits so long for a lost server to come back before it is told to try again

    def __post_init__(self) -> None:
        for name in ("connect_timeout", "silence", "statement_timeout", "lock_timeout", "patience"):
            if not 0.1 <= getattr(self, name) <= 3600:
                raise ValueError(f"{name} must lie between 0.1 and 3600")


@dataclass(frozen=True)
class StorageSettings:
    """All of storage's settings. Limits of mailboxes stand in `rules` beside what they limit."""

    data: Path = Path("var/storage")
    database: str = ""  # a URL, sqlite:///file or postgresql://user@host/database; "" is eilpost.db in `data`
    blobs: str = ""  # a folder, or s3://bucket/prefix, az://container/prefix, gs://bucket/prefix; "": in `data`
    compression: str = "none"  # or "zstd", of bodies that arrive from now on and are not kept in the database
    default_mailboxes: tuple[str, ...] = tuple(names.USUAL)  # what a new account has beside INBOX
    subaddress: str = "+"  # what stands between a local part and its detail (RFC 5233); "" for no details
    aliases_deep: int = 20
    administrators: tuple[str, ...] = ()  # accounts that may set quotas and the server's annotations over IMAP
    postmaster: str = ""  # who reads mail to postmaster where nobody has that name; "": see rules/postmaster.py
    largest_upload: int = 64 * MIB
    keep_free: int = 128 * MIB  # mail is refused before the disk is fuller than this
    port: DataPort = field(default_factory=DataPort)
    objects: Objects = field(default_factory=Objects)
    rooms: Rooms = field(default_factory=Rooms)
    login: Login = field(default_factory=Login)
    spool: Spool = field(default_factory=Spool)
    sieve: Sieve = field(default_factory=Sieve)
    metadata: Metadata = field(default_factory=Metadata)
    sweep: Sweep = field(default_factory=Sweep)
    search: Search = field(default_factory=Search)
    postgresql: Postgresql = field(default_factory=Postgresql)

    def __post_init__(self) -> None:
        if len(self.subaddress) > 1:
            raise ValueError("subaddress must be one character, or none")
        if self.compression not in ("none", "zstd"):
            raise ValueError('compression must be "none" or "zstd"')
        for name in self.default_mailboxes:
            try:
                names.validate(name)
            except names.BadName as error:
                raise ValueError(f"default_mailboxes: {name}: {error}") from error

        for key, addresses in (("administrators", self.administrators), ("postmaster", (self.postmaster,))):
            for address in filter(None, addresses):
                try:
                    canonical(address)
                except AddressError as error:
                    raise ValueError(f"{key}: {address}: {error}") from error

    @property
    def administrating(self) -> frozenset[str]:
        """The addresses of the administrators in canonical form."""
        return frozenset(map(canonical, self.administrators))

    @property
    def appointed(self) -> Appointed:
        """Who may stand in for a postmaster."""
        postmaster = canonical(self.postmaster) if self.postmaster else ""
        return Appointed(postmaster, tuple(map(canonical, self.administrators)))

    @property
    def listeners(self) -> tuple[ListenerSpec, ...]:
        """The one port that is not the bus."""
        return (ListenerSpec("data", self.port.host, self.port.port, "none"),)

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{self.data / 'eilpost.db'}"

    @property
    def blobs_url(self) -> str:
        """Where large bodies are kept: a folder, or a URL."""
        return self.blobs or str(self.data / "blobs")
