"""A connection: octets with a peer, in plaintext or under TLS. It knows no protocol.

Invariants:

1. Bytes are read from the socket only when asked for, so an idle connection holds no buffer of ours.
2. After TLS began nothing is read or sent as plaintext; when TLS ends, reading ends for good.
3. Each wait has a deadline; a broken peer shows as `PeerGone` or `PeerTimeout`, never as OSError.
4. One task may read while another writes; two writers take turns by themselves.

The socket is a plain non-blocking one, driven by trio's readiness calls: a round trip costs a third less than over
`trio.SocketStream`, and OpenSSL reads from the descriptor itself, so what arrived before a handshake is its own.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from socket import MSG_PEEK, SHUT_WR, socket

import trio

from shared.base.errors import EilpostError
from shared.base.ids import new_ulid
from shared.net.tls import ServerContext

WRITE_TIMEOUT = 60.0  # seconds for one `send`, whatever its size
TLS_RECORD = 16_384  # octets
FAIR_SHARE = 65_536  # octets moved without waiting before other tasks get a turn
_LEFTOVERS = 4  # reads of unread octets at close
_DER = 2  # OpenSSL's word for it in `_ssl.Certificate.public_bytes`
_CALL = 512  # what a call counts towards the fair share beside its octets

_WAIT = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_NOTHING_YET = BlockingIOError()


class PeerGone(EilpostError):
    """The connection is closed or reset, or its TLS broke."""


class PeerTimeout(EilpostError):
    """The deadline for reading or writing passed."""


@dataclass(frozen=True, slots=True)
class TlsInfo:
    """What the handshake agreed on, in OpenSSL's words, e.g. ``TLSv1.3`` and ``TLS_AES_256_GCM_SHA384``."""

    version: str
    cipher: str
    alpn: str | None
    endpoint: bytes = b""  # our certificate as a channel binding (RFC 5929 section 4)


class Connection:
    """A byte stream with a peer. Made by the listener, or in a test from one end of ``socket.socketpair()``."""

    __slots__ = (
        "_context", "_ended", "_handshake_timeout", "_moved", "_sock", "_writing",
        "id", "local_port", "loopback", "peer_host", "peer_port", "tls",
    )  # fmt: skip

    def __init__(
        self,
        sock: socket,
        *,
        peer_host: str = "",
        peer_port: int = 0,
        local_port: int = 0,
        context: ssl.SSLContext | None = None,
        handshake_timeout: float = 10.0,
    ) -> None:
        """``sock`` is a connected stream socket, owned from now on; ``context`` allows `start_tls`."""
        sock.setblocking(False)
        self._sock = sock
        self._context = context
        self._handshake_timeout = handshake_timeout
        self._ended = False
        self._moved = 0
        self._writing: trio.Lock | None = None
        self.id = new_ulid()
        self.peer_host = peer_host
        self.peer_port = peer_port
        self.local_port = local_port
        self.loopback = is_loopback(peer_host)
        self.tls: TlsInfo | None = None

    def speak_for(self, host: str, port: int) -> None:
        """From now on the peer stands for somebody else, as a proxy that we trust says."""
        self.peer_host, self.peer_port, self.loopback = host, port, is_loopback(host)

    async def receive(self, timeout: float, max_bytes: int = 65536, *, later: bool = False) -> bytes:
        """What the peer sent next, or ``b""`` at a clean end of stream.

        Waits at most ``timeout`` seconds (maybe infinite), then `PeerTimeout`. `PeerGone` on a reset, or TLS cut
        without its close. ``later``: the peer waits for what we have just said, so that looking at once is in vain.
        """
        if self._ended:
            return b""
        if later and self.tls is None:
            data = await self._receive_later(_NOTHING_YET, timeout, max_bytes)
        else:
            try:
                data = self._sock.recv(max_bytes)
            except _WAIT as want:
                data = await self._receive_later(want, timeout, max_bytes)
            except OSError as error:
                raise PeerGone(_reason(error)) from error
            else:
                await self._share(len(data))
        if not data:
            self._ended = True
        return data

    def arrived(self) -> bool:
        """Whether something can be received at once, be it the end of the stream. For plaintext only; never waits."""
        try:
            self._sock.recv(1, MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError as error:
            raise PeerGone(_reason(error)) from error
        return True

    async def _receive_later(self, want: OSError, timeout: float, max_bytes: int) -> bytes:
        self._moved = 0
        if timeout == inf:  # whoever keeps deadlines itself saves the price of a cancel scope
            return await self._receive_ready(want, max_bytes)
        with trio.CancelScope(deadline=trio.current_time() + timeout):
            return await self._receive_ready(want, max_bytes)
        raise PeerTimeout(f"nothing received for {timeout:g} s")

    async def _receive_ready(self, want: OSError, max_bytes: int) -> bytes:
        while True:
            await self._ready(want, trio.lowlevel.wait_readable)
            try:
                return self._sock.recv(max_bytes)
            except _WAIT as again:
                want = again
            except OSError as error:
                raise PeerGone(_reason(error)) from error

    async def send(self, data: bytes | bytearray | memoryview) -> None:
        """Send all of ``data`` within 60 seconds, or `PeerTimeout`, `PeerGone`.

        What fits the kernel's buffer is taken without waiting. After an error, or when cancelled, an unknown part
        has been sent and the connection is of no more use.
        """
        if not data:
            return
        sent = 0
        if (self._writing is None or not self._writing.locked()) and (self.tls is None or len(data) <= TLS_RECORD):
            try:
                sent = self._sock.send(data)
            except _WAIT:
                sent = 0
            except OSError as error:
                raise PeerGone(_reason(error)) from error
        if sent == len(data):
            await self._share(sent)
        else:
            # No checkpoint before this takes the lock: nobody else's octets may come between.
            await self._send_rest(memoryview(data)[sent:])

    async def _send_rest(self, rest: memoryview) -> None:
        """One writer at a time; under TLS record by record, since OpenSSL wants an unsent record offered again."""
        if self._writing is None:
            self._writing = trio.Lock()
        with trio.CancelScope(deadline=trio.current_time() + WRITE_TIMEOUT):
            async with self._writing:
                while rest:
                    sent = await self._send_piece(rest[:TLS_RECORD] if self.tls else rest)
                    rest = rest[sent:]
            return
        raise PeerTimeout(f"the peer took nothing for {WRITE_TIMEOUT:g} s")

    async def _send_piece(self, piece: memoryview) -> int:
        while True:
            try:
                sent = self._sock.send(piece)
            except _WAIT as want:
                await self._ready(want, trio.lowlevel.wait_writable)
            except OSError as error:
                raise PeerGone(_reason(error)) from error
            else:
                await self._share(sent)
                return sent

    @property
    def can_start_tls(self) -> bool:
        """Whether `start_tls` may be offered: there is a certificate, and TLS has not begun."""
        return self._context is not None and self.tls is None

    async def start_tls(self) -> None:
        """The server's side of a TLS handshake, on the bare connection.

        The caller has sent its go-ahead and cleared its own buffer. Raises `PeerGone` when the handshake fails, and
        `PeerTimeout` when it takes longer than the listener allows; then the connection is of no more use.
        """
        context = self._context
        if context is None or self.tls is not None:
            raise RuntimeError("TLS cannot start here")
        endpoint = b""
        if isinstance(context, ServerContext):
            context.refresh()
            endpoint = context.endpoint
        await self._begin_tls(context, server_side=True, endpoint=endpoint)

    async def start_tls_as_client(self, context: ssl.SSLContext, server_name: str) -> None:
        """The client's side of a TLS handshake, on the bare connection; ``server_name`` is for SNI and verification.

        Raises `PeerGone` when the handshake or the verification fails, and `PeerTimeout`.
        """
        if self.tls is not None:
            raise RuntimeError("TLS cannot start here")
        await self._begin_tls(context, server_side=False, server_name=server_name)

    def peer_certificates(self) -> tuple[bytes, ...]:
        """What the peer sent in the handshake, leaf first, in DER; unverified unless the context verifies."""
        if not isinstance(self._sock, ssl.SSLSocket):
            return ()
        chain = self._sock._sslobj.get_unverified_chain() or ()  # type: ignore[attr-defined]
        return tuple(certificate.public_bytes(_DER) for certificate in chain)

    async def _begin_tls(
        self, context: ssl.SSLContext, *, server_side: bool, server_name: str | None = None, endpoint: bytes = b""
    ) -> None:
        try:
            sock = context.wrap_socket(
                self._sock,
                server_side=server_side,
                server_hostname=server_name,
                do_handshake_on_connect=False,
                suppress_ragged_eofs=False,
            )
        except (OSError, ValueError) as error:
            raise PeerGone(str(error)) from error
        self._sock = sock
        self._ended = True  # until the handshake is done there is nothing to read
        await self._handshake(sock)
        cipher = sock.cipher()
        name = cipher[0] if cipher else ""
        self.tls = TlsInfo(sock.version() or "", name, sock.selected_alpn_protocol(), endpoint)
        self._ended = False

    @property
    def channel_bindings(self) -> dict[str, bytes]:
        """The data of RFC 5929 that name this very TLS connection, by their kind; none in plaintext."""
        if self.tls is None:
            return {}
        assert isinstance(self._sock, ssl.SSLSocket)
        found = {"tls-server-end-point": self.tls.endpoint}
        if self.tls.version == "TLSv1.2":  # later versions have no such thing
            found["tls-unique"] = self._sock.get_channel_binding("tls-unique") or b""
        return {kind: octets for kind, octets in found.items() if octets}

    @property
    def client_certificate(self) -> bytes:
        """What the client showed and the handshake verified, in DER; empty for none."""
        return (self._sock.getpeercert(True) or b"") if isinstance(self._sock, ssl.SSLSocket) and self.tls else b""

    async def _handshake(self, sock: ssl.SSLSocket) -> None:
        with trio.CancelScope(deadline=trio.current_time() + self._handshake_timeout):
            while True:
                try:
                    sock.do_handshake()
                except _WAIT as want:
                    await self._ready(want, trio.lowlevel.wait_readable)
                except OSError as error:
                    raise PeerGone(_reason(error)) from error
                else:
                    return
        raise PeerTimeout(f"no TLS handshake within {self._handshake_timeout:g} s")

    async def _ready(self, want: OSError, wait: Callable[[socket], Awaitable[None]]) -> None:
        """Wait as the socket asks: under TLS by what OpenSSL wants, in plaintext by ``wait``."""
        if isinstance(want, ssl.SSLWantReadError):
            wait = trio.lowlevel.wait_readable
        elif isinstance(want, ssl.SSLWantWriteError):
            wait = trio.lowlevel.wait_writable
        try:
            await wait(self._sock)
        except (trio.ClosedResourceError, ValueError) as error:
            raise PeerGone("closed here") from error

    async def _share(self, octets: int) -> None:
        """Let others run now and then, however fast this peer is."""
        self._moved += octets + _CALL
        if self._moved > FAIR_SHARE:
            self._moved = 0
            await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        """Close, after what was sent; what the peer has sent and nobody read is dropped. May be called twice."""
        if self._sock.fileno() < 0:
            return
        trio.lowlevel.notify_closing(self._sock)
        self._ended = True
        close_gently(self._sock)

    def is_quiet(self) -> bool:
        """Whether the peer has neither sent anything nor closed: may an idle connection be used again?"""
        try:
            self._sock.recv(1, MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def abandon(self) -> None:
        """Close at once, whatever is under way."""
        if self._sock.fileno() >= 0:
            trio.lowlevel.notify_closing(self._sock)
            self._ended = True
            self._sock.close()


def close_gently(sock: socket) -> None:
    """Close so that the last reply arrives: unread octets would make the kernel reset the connection at once."""
    with suppress(OSError, ValueError):
        if isinstance(sock, ssl.SSLSocket):
            sock.unwrap()
    with suppress(OSError):
        sock.shutdown(SHUT_WR)
        for _ in range(_LEFTOVERS):
            if not sock.recv(FAIR_SHARE):
                break
    sock.close()


def is_loopback(host: str) -> bool:
    """Whether the textual address is one of this machine's own."""
    return host.startswith("127.") or host == "::1"


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
