"""The `[master]` section: how `eilpost up` runs a whole installation on one machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class BrokerSettings:
    """The bundled NATS server. Switch it off where a NATS of one's own is named in ``[bus] url``."""

    enabled: bool = True
    binary: str = ""  # path of nats-server; empty: the one installed beside Python
    host: str = "127.0.0.1"
    port: int = 4278  # WebSocket listener


@dataclass(frozen=True)
class ReplicaSettings:
    """How many processes of each service run. Storage may be more than one where they share a PostgreSQL."""

    storage: int = 1
    smtp: int = 1
    delivery: int = 1
    imap: int = 1
    pop3: int = 1
    managesieve: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.storage <= 64:
            raise ValueError("storage: from 1 to 64 processes")
        for name in ("smtp", "delivery", "imap", "pop3", "managesieve"):
            if not 0 <= getattr(self, name) <= 64:
                raise ValueError(f"{name}: from 0 to 64 processes")


@dataclass(frozen=True)
class MasterSettings:
    """``data`` holds what the master makes: bus credentials, the broker's configuration."""

    data: Path = Path("var")
    start_timeout: float = 30.0  # seconds until every process must have said that it is ready
    stop_timeout: float = 30.0  # seconds for all to drain
    broker: BrokerSettings = field(default_factory=BrokerSettings)
    replicas: ReplicaSettings = field(default_factory=ReplicaSettings)
