"""Whether octets framed by length (BDAT) keep to CRLF line ends, as everything not BINARYMIME must (RFC 3030)."""

from __future__ import annotations


class LineEnds:
    """Counts over the chunks of one message. Ask `broken` when the message is complete."""

    __slots__ = ("_after_cr", "_lone", "_nul")

    def __init__(self) -> None:
        self._after_cr = False
        self._lone = False
        self._nul = False

    def feed(self, data: bytes) -> None:
        """The next octets, cut anywhere."""
        if not data:
            return
        joined = self._after_cr and data[:1] == b"\n"
        if self._after_cr and not joined:
            self._lone = True
        self._after_cr = data[-1:] == b"\r"
        pairs = data.count(b"\r\n")
        if data.count(b"\n") - joined != pairs or data.count(b"\r") - self._after_cr != pairs:
            self._lone = True
        if b"\0" in data:
            self._nul = True

    @property
    def broken(self) -> bool:
        """A lone CR, a lone LF or a NUL was there."""
        return self._lone or self._nul or self._after_cr
