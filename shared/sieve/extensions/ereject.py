"""ereject (RFC 5429 section 2.1): refuse in the SMTP dialogue where that can still be done."""

from __future__ import annotations

from shared.sieve.extensions.reject import refuse
from shared.sieve.registry import CommandRow, Extension, Value

EXTENSION = Extension(
    "ereject",
    commands=(CommandRow("ereject", lambda arguments: refuse(arguments, in_protocol=True), (Value.STRING,)),),
    for_delivery=True,
)
