"""Hashes of crypt(3), through the C library's ``crypt_r``: Python's own `crypt` is gone from 3.13 on and holds the
interpreter's lock meanwhile, which ctypes does not."""

from __future__ import annotations

import ctypes
import hmac
from typing import Any

_SCRATCH = 256 * 1024  # octets; no libc has a larger struct crypt_data


def _load() -> Any:
    for name in ("libcrypt.so.1", "libcrypt.so.2", None):
        try:
            function = ctypes.CDLL(name).crypt_r
        except (OSError, AttributeError):
            continue
        function.restype = ctypes.c_char_p
        function.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)
        return function
    return None


_crypt_r = _load()
AVAILABLE = _crypt_r is not None


def verify(hash: str, password: bytes) -> bool:
    """Whether crypt(3) turns ``password`` into ``hash``. False where the C library does not know its kind."""
    if _crypt_r is None or b"\0" in password or not hash.isascii():
        return False
    computed: bytes | None = _crypt_r(password, hash.encode(), ctypes.create_string_buffer(_SCRATCH))
    return computed is not None and hmac.compare_digest(computed, hash.encode())
