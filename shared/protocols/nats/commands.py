"""What a client sends, as octets. The caller vouches for subjects: no white space, no line ends."""

from __future__ import annotations

import json

PING = b"PING\r\n"
PONG = b"PONG\r\n"


def connect(name: str, user: str, password: str) -> bytes:
    """CONNECT of a client that wants headers, 'no responders' answers and its own messages back."""
    options = {
        "verbose": False,
        "pedantic": False,
        "tls_required": False,
        "name": name,
        "user": user,
        "pass": password,
        "lang": "python",
        "version": "1",
        "protocol": 1,
        "headers": True,
        "no_responders": True,
        "echo": True,
    }
    return b"CONNECT %b\r\n" % json.dumps(options).encode()


def publish(subject: bytes, reply: bytes, headers: bytes, payload: bytes) -> bytes:
    """PUB, or HPUB when there is a header block. ``reply`` may be b""."""
    separator = b" " if reply else b""
    if headers:
        size = len(headers)
        return b"HPUB %b %b%b%d %d\r\n%b%b\r\n" % (
            subject,
            reply,
            separator,
            size,
            size + len(payload),
            headers,
            payload,
        )
    return b"PUB %b %b%b%d\r\n%b\r\n" % (subject, reply, separator, len(payload), payload)


def subscribe(subject: bytes, group: bytes, sid: bytes) -> bytes:
    """SUB; ``group`` is a queue group or b""."""
    return b"SUB %b %b %b\r\n" % (subject, group, sid) if group else b"SUB %b %b\r\n" % (subject, sid)


def unsubscribe(sid: bytes) -> bytes:
    return b"UNSUB %b\r\n" % sid
