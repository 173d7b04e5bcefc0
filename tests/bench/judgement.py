"""What judging strangers costs: signed letters handed in with all checks off, and all on with a warm DNS cache."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from tests.bench.client import letter
from tests.bench.figures import Figure
from tests.bench.letters import PASSWORD, reader, wait_visible
from tests.bench.smtp_load import send_all
from tests.support.authentication import key_pair, sign
from tests.support.dns import nameserver_thread
from tests.support.house import House, running_house

LETTERS, ROUNDS, WARM, SESSIONS, ACCOUNTS, SIZE = 2_000, 10, 20, 20, 20, 4_096
DOMAIN = "example.net"
SETTINGS = """
[limits]
connections_per_address = 100000

[dns]
nameservers = ["{nameserver}"]

[smtp.judgement]
trusted_networks = []

[smtp.ingress]
trusted_networks = []
connections_per_minute = 0
network_connections_per_minute = 0
letters_per_minute = 0

[[smtp.ingress.lists]]
zone = "list.example"
"""


def run(house: House) -> list[Figure]:
    """``house`` trusts this machine; a second one does not."""
    keys = [key_pair(kind, DOMAIN, kind) for kind in ("rsa", "ed25519")]
    zone = {
        DOMAIN: {"TXT": ['"v=spf1 include:_spf.example.net -all"']},
        "_spf.example.net": {"TXT": ['"v=spf1 ip4:198.51.100.0/24 ip4:127.0.0.0/8 -all"']},
        f"_dmarc.{DOMAIN}": {"TXT": ['"v=DMARC1; p=reject"']},
        "1.0.0.127.in-addr.arpa": {"PTR": ["load.example.net."]},
        **{name: {"TXT": [_strings(record)]} for _, name, record in keys},
    }
    signers = [key for key, _, _ in keys]
    letters = [sign(letter(SIZE, number, "somebody@eilpost.test"), *signers) for number in range(100)]
    with ExitStack() as stack:
        names = stack.enter_context(nameserver_thread(zone))
        judging = stack.enter_context(running_house(settings=SETTINGS.format(nameserver=names.address)))
        sides = [_Side(house, letters), _Side(judging, letters)]
        for _ in range(ROUNDS):  # in turns, so that whatever else the machine does is shared
            for side in sides:
                side.send(LETTERS // ROUNDS)
    unjudged, judged = [side.used / LETTERS * 1000 for side in sides]
    without, with_them = [side.used_in_smtp / LETTERS * 1000 for side in sides]
    return [
        Figure("CPU per signed letter of 4 KB, checks off", unjudged, "ms"),
        Figure("CPU per signed letter of 4 KB, all checks on", judged, "ms"),
        Figure("what the checks cost", judged - unjudged, "ms", 1.0, at_most=True),
        Figure("  of that in smtp, which makes them", with_them - without, "ms"),
    ]


class _Side:
    """One installation, its caches warm. ``used`` is the CPU of all its processes since, in seconds.

    What smtp does not use of it differs only because the slower side's letters share less of what others do for them.
    """

    def __init__(self, house: House, letters: list[bytes]) -> None:
        self._house = house
        self._letters = letters
        self._addresses = house.add_accounts([f"judged{number}" for number in range(ACCOUNTS)], PASSWORD)
        self._readers = [reader(house, address) for address in self._addresses]
        self._sent = 0
        self.used = self.used_in_smtp = 0.0
        self.send(WARM * ACCOUNTS)
        self.used = self.used_in_smtp = 0.0

    def send(self, count: int) -> None:
        """Hand in letters, and wait until they are visible."""
        before, in_smtp = self._house.cpu_seconds(), self._house.cpu_by_service()["smtp"]
        dialogues = (
            _dialogue(self._addresses[n % ACCOUNTS], self._letters[n % len(self._letters)]) for n in range(count)
        )
        send_all(self._house.ports["smtp"], dialogues, SESSIONS)
        self._sent += count
        wait_visible(self._readers, self._sent // ACCOUNTS)
        self.used += self._house.cpu_seconds() - before
        self.used_in_smtp += self._house.cpu_by_service()["smtp"] - in_smtp


def _dialogue(address: str, octets: bytes) -> Iterator[bytes]:
    yield b"EHLO load.example.net\r\n"
    yield b"MAIL FROM:<load@example.net>\r\n"
    yield b"RCPT TO:<" + address.encode() + b">\r\n"
    yield b"DATA\r\n"
    yield octets + b".\r\n"
    yield b"QUIT\r\n"


def _strings(text: str) -> str:
    return " ".join(f'"{text[at : at + 250]}"' for at in range(0, len(text), 250))
