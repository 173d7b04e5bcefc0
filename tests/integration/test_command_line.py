"""The `eilpost` command against a running installation."""

from __future__ import annotations

import json
import smtplib
from pathlib import Path

import pytest

from tests.integration.mail import PASSWORD, imap, letter, new_account, send, wait_messages
from tests.support.house import House

pytestmark = pytest.mark.integration


def test_status_knows_every_process(house: House) -> None:
    processes = json.loads(house.eilpost("status", "--json").stdout)
    assert sorted(process["service"] for process in processes) == sorted(
        ["delivery", "imap", "imap", "managesieve", "pop3", "smtp", "smtp", "storage"]
    )
    assert all(process["ready"] for process in processes)


def test_domains_users_and_aliases(house: House) -> None:
    house.eilpost("domain", "add", "second.test")
    house.eilpost("user", "add", "anna@second.test", "--password-stdin", stdin="a-long-password\n")
    house.eilpost("alias", "add", "all@second.test", "anna@second.test")
    assert json.loads(house.eilpost("domain", "list", "--json").stdout)
    users = json.loads(house.eilpost("user", "list", "second.test", "--json").stdout)
    assert [user["address"] for user in users] == ["anna@second.test"]
    aliases = json.loads(house.eilpost("alias", "list", "second.test", "--json").stdout)
    assert aliases == [{"address": "all@second.test", "targets": ["anna@second.test"]}]
    send(house, "all@second.test", letter("all@second.test"))
    send(house, "anna+lists@second.test", letter("anna+lists@second.test"))
    house.eilpost("user", "password", "anna@second.test", "--password-stdin", stdin=f"{PASSWORD}\n")
    wait_messages(house, "anna@second.test", 2)


def test_quotas_of_an_account(house: House) -> None:
    address = new_account(house)
    house.eilpost("user", "set", address, "--quota", "2G", "--message-quota", "1")
    users = json.loads(house.eilpost("user", "list", "--json").stdout)
    assert [(user["quota"], user["message_quota"]) for user in users if user["address"] == address] == [(2 << 30, 1)]
    assert house.eilpost("user", "set", address, "--quota", "lots", check=False).returncode != 0
    client = imap(house, address)
    assert client.append("INBOX", "", "", letter(address))[0] == "OK"
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(house, address, letter(address))
    assert refused.value.recipients[address][0] == 452
    house.eilpost("user", "set", address, "--message-quota", "0")
    send(house, address, letter(address))
    wait_messages(house, address, 2)


def test_refusals_are_one_line_and_an_exit_code(house: House) -> None:
    result = house.eilpost("user", "add", "x@not-ours.test", "--password-stdin", stdin="secret-enough\n", check=False)
    assert result.returncode == 67
    assert result.stderr.count("\n") == 1
    for address, code in ((house.address, 73), ("two words@eilpost.test", 65)):
        result = house.eilpost("user", "add", address, "--password-stdin", stdin="secret-enough\n", check=False)
        assert (result.returncode, result.stderr.count("\n")) == (code, 1)
    result = house.eilpost("user", "remove", "nobody@eilpost.test", check=False)
    assert result.returncode == 67


def test_scripts_are_kept_and_one_is_active(house: House, tmp_path: Path) -> None:
    address = new_account(house)
    script = tmp_path / "filter.sieve"
    script.write_text('require "fileinto"; fileinto "Junk";')
    house.eilpost("sieve", "put", address, "main", str(script), "--activate")
    house.eilpost("sieve", "put", address, "spare", str(script))
    listed = json.loads(house.eilpost("sieve", "list", address, "--json").stdout)
    assert [(each["name"], each["active"]) for each in listed] == [("main", True), ("spare", False)]
    assert house.eilpost("sieve", "get", address, "main").stdout == script.read_text()
    house.eilpost("sieve", "delete", address, "spare")
    assert house.eilpost("sieve", "delete", address, "main", check=False).returncode == 77
    house.eilpost("sieve", "activate", address, "--none")
    house.eilpost("sieve", "delete", address, "main")
    assert json.loads(house.eilpost("sieve", "list", address, "--json").stdout) == []
    script.write_text("fileinto")
    refused = house.eilpost("sieve", "put", address, "main", str(script), check=False)
    assert (refused.returncode, refused.stderr.count("\n")) == (65, 1)


def test_case_58_a_script_that_does_not_compile_leaves_the_old_one_active(house: House, tmp_path: Path) -> None:
    address = new_account(house)
    script = tmp_path / "filter.sieve"
    script.write_text('require "fileinto"; fileinto "Archive";')
    house.eilpost("sieve", "put", address, "main", str(script), "--activate")
    for broken in ("if " + "not " * 50_000 + "true {}", "if true {" * 5_000, "\0", "require [", "#" * 200_000):
        script.write_text(broken)
        refused = house.eilpost("sieve", "put", address, "main", str(script), check=False)
        assert (refused.returncode, refused.stderr.count("\n")) == (65, 1)
    send(house, address, letter(address))
    wait_messages(house, address, 1, "Archive")


def test_a_disabled_account_may_not_log_in(house: House) -> None:
    address = new_account(house)
    imap(house, address)
    house.eilpost("user", "set", address, "--disable")
    with pytest.raises(Exception, match="AUTHENTICATIONFAILED"):
        imap(house, address)


def test_trace_finds_a_letter_by_everything(house: House) -> None:
    address = new_account(house)
    send(house, address, letter(address, "traced"))
    wait_messages(house, address, 1)
    found = json.loads(house.eilpost("trace", address, "--json").stdout)
    assert len(found) == 1
    identity = found[0]["id"]
    for term in (identity, found[0]["trace"], "<traced@example.net>", address):
        walk = house.eilpost("trace", term).stdout
        assert identity in walk
        assert f"<{address}> filed in INBOX/1" in walk


def test_keys_and_records_of_a_domain(house: House) -> None:
    house.eilpost("domain", "add", "signed.test")
    keys = json.loads(house.eilpost("dkim", "generate", "signed.test", "--json").stdout)
    assert sorted(key["algorithm"] for key in keys) == ["ed25519", "rsa"]
    assert house.eilpost("dkim", "generate", "signed.test", check=False).returncode == 73
    rotated = json.loads(house.eilpost("dkim", "rotate", "signed.test", "--after", "1", "--json").stdout)
    assert len(rotated) == 4
    assert all(f"{key['name']}. IN TXT" in house.eilpost("dkim", "show", "signed.test").stdout for key in rotated)
    assert house.eilpost("dkim", "show", "unsigned.test", check=False).returncode == 67
    fragment = house.eilpost("dns", "show", "signed.test").stdout
    for words in ("signed.test. IN MX 10 ", "_dmarc.signed.test. IN TXT", "_imaps._tcp.signed.test. IN SRV 0 1 "):
        assert words in fragment
    assert all(key["name"] in fragment for key in rotated)
