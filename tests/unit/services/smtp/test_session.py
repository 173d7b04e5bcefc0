"""What a client of each listener sees."""

from __future__ import annotations

import trio

from shared.contracts import directory
from shared.contracts.errors import Code
from shared.mail.summary import summarise
from tests.support.smtp_stage import DOMAIN, PASSWORD, Silent, plain, smtp_stage

MESSAGE = b"From: Ann <ann@foreign.example>\r\nSubject: Hello\r\n\r\nHi Bob.\r\n..two dots\r\n.\r\n"


async def test_a_letter_from_outside_is_stored_as_sent_under_a_received_field() -> None:
    async with smtp_stage() as stage:
        client = stage.connect()
        await client.greeted("mail.foreign.example")
        assert (
            await client.ask("MAIL FROM:<ann@foreign.example> SIZE=80 BODY=8BITMIME RET=HDRS ENVID=e+2B1")
            == "250 2.1.0 Ok"
        )
        assert await client.ask("RCPT TO:<bob@example.org> NOTIFY=FAILURE ORCPT=rfc822;bob@x") == "250 2.1.5 Ok"
        assert (await client.ask("DATA")).startswith("354 ")
        queued = await client.ask(MESSAGE[:-2])
        letter = stage.storage.letter
        assert queued == f"250 2.0.0 Ok: queued as {letter.letter}"
        assert await client.ask("QUIT") == "221 2.0.0 Bye"
        assert await client.ends()
        trace, _, rest = letter.body.octets.partition(b"From: ")
        assert rest == b"Ann <ann@foreign.example>\r\nSubject: Hello\r\n\r\nHi Bob.\r\n.two dots\r\n"
        assert trace.startswith(
            b"Received: from mail.foreign.example ([192.0.2.7])\r\n\tby mx.example.org (Eilpost) with ESMTP"
        )
        assert b"for <bob@example.org>;" in trace
        assert letter.summary == summarise(letter.body.octets)
        assert (letter.sender, letter.client, letter.helo) == (
            "ann@foreign.example",
            "192.0.2.7",
            "mail.foreign.example",
        )
        assert (letter.ret, letter.envelope_id, letter.grant) == ("HDRS", "e+1", b"")
        (recipient,) = letter.recipients
        assert recipient == ("bob@example.org", "rfc822;bob@x", ("FAILURE",), False)


async def test_ehlo_offers_what_is_there_now() -> None:
    async with smtp_stage(message_limit=1000) as stage:
        offered = (await stage.connect().greeted()).split("\n")
        assert offered[0] == "250-mx.example.org"
        words = {line[4:] for line in offered[1:]}
        assert words == {
            "PIPELINING", "ENHANCEDSTATUSCODES", "SIZE 1000", "8BITMIME", "SMTPUTF8", "DSN", "LIMITS RCPTMAX=1000",
            "CHUNKING", "BINARYMIME", "STARTTLS",
        }  # fmt: skip
        assert "AUTH" not in await stage.connect("submission").greeted()
        local = stage.connect("submission", "127.0.0.1")
        assert "AUTH PLAIN LOGIN" in await local.greeted()
        client = stage.connect("submission")
        await client.greeted()
        await client.ask("STARTTLS")
        await client.start_tls()
        secured = await client.ask("EHLO again.example")
        assert "AUTH PLAIN LOGIN" in secured
        assert "STARTTLS" not in secured


async def test_a_pipelined_transaction_is_answered_in_order_with_one_question_for_all_recipients() -> None:
    async with smtp_stage() as stage:
        client = stage.connect()
        await client.greeted()
        await client.send(
            b"MAIL FROM:<a@b>\r\nRCPT TO:<alice@example.org>\r\nRCPT TO:<nobody@example.org>\r\nRCPT TO:<a@@b>\r\n"
            b"rcpt to:<carol@example.org>\r\nRCPT TO:<x@foreign.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n"
        )
        replies = await client.replies(8)
        assert [each[:9] for each in replies] == [
            "250 2.1.0", "250 2.1.5", "550 5.1.1", "501 5.1.3", "452 4.2.2", "550 5.7.1", "250 2.1.5", "354 End d"
        ]  # fmt: skip
        assert stage.storage.calls == ["directory.resolve"]
        await client.send(b"Subject: x\r\n\r\n\r\n.\r\nMAIL FROM:<>\r\nQUIT\r\n")
        assert [each[:9] for each in await client.replies(3)] == ["250 2.0.0", "250 2.1.0", "221 2.0.0"]
        assert [each.address for each in stage.storage.letter.recipients] == ["alice@example.org", "bob@example.org"]
        assert b"for <" not in stage.storage.letter.body.octets


async def test_commands_out_of_order_are_refused() -> None:
    async with smtp_stage() as stage:
        client = stage.connect()
        await client.reply()
        for line in ("MAIL FROM:<a@b>", "RCPT TO:<bob@example.org>", "DATA"):
            assert (await client.ask(line)).startswith("503 5.5.1")
        await client.ask("HELO client.example")
        for line in ("RCPT TO:<bob@example.org>", "DATA", "BDAT 0 LAST"):
            assert (await client.ask(line)).startswith("503 5.5.1")
        assert (await client.ask("LHLO x")).startswith("500 5.5.1")
        assert (await client.ask("AUTH PLAIN")).startswith("500 5.5.1")
        await client.ask("MAIL FROM:<a@b>")
        for line in ("MAIL FROM:<a@b>", "DATA"):
            assert (await client.ask(line)).startswith("503 5.5.1")
        await client.ask("RSET")
        assert (await client.ask("MAIL FROM:<a@b>")).startswith("250 ")


async def test_a_message_in_chunks_is_the_same_message() -> None:
    async with smtp_stage() as stage:
        client = stage.connect()
        await client.greeted()
        await client.send(
            b"MAIL FROM:<a@b>\r\nRCPT TO:<bob@example.org>\r\n"
            b"BDAT 14\r\nSubject: x\r\n\r\nBDAT 9 LAST\r\n.\r\nabcd\r\n"
        )
        assert [each[:3] for each in await client.replies(4)] == ["250"] * 4
        assert stage.storage.letter.body.octets.endswith(b"Subject: x\r\n\r\n.\r\nabcd\r\n")
        await client.send(b"BDAT 4\r\nNOOP")
        assert (await client.reply()).startswith("503 ")
        await client.send(b"MAIL FROM:<a@b>\r\nRCPT TO:<bob@example.org>\r\nBDAT 3\r\nabc")
        await client.replies(3)
        assert (await client.ask("RCPT TO:<alice@example.org>")).startswith("503 ")
        assert (await client.ask("RSET")).startswith("250 ")
        assert (await client.ask("BDAT x")).startswith("501 ")
        assert await client.ends()
        assert len(stage.storage.letters) == 1


async def test_lmtp_answers_for_each_recipient() -> None:
    async with smtp_stage() as stage:
        client = stage.connect("lmtp")
        assert (await client.reply()).startswith("220 mx.example.org LMTP")
        assert (await client.ask("EHLO x")).startswith("500 ")
        assert "STARTTLS" not in await client.ask("LHLO x.example")
        await client.send(
            b"MAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nRCPT TO:<no@example.org>\r\n"
            b"RCPT TO:<alice@example.org>\r\n"
        )
        await client.send(b"RCPT TO:<x@foreign.example>\r\nDATA\r\n")
        assert [each[:3] for each in await client.replies(6)] == ["250", "250", "550", "250", "550", "354"]
        await client.send(b"Subject: x\r\n\r\n.\r\n")
        first, second = await client.replies(2)
        assert first == second == f"250 2.0.0 Ok: queued as {stage.storage.letter.letter}"
        assert stage.storage.letter.protocol == "LMTP"
        assert (await client.ask("DATA")).startswith("503 ")


async def test_a_submission_gets_what_it_lacks_and_may_go_anywhere() -> None:
    async with smtp_stage() as stage:
        client = stage.connect("submission", "127.0.0.1")
        await client.greeted()
        assert (await client.ask("MAIL FROM:<alice@example.org>")).startswith("530 5.7.0")
        assert await client.ask("AUTH LOGIN") == "334 VXNlcm5hbWU6"
        assert await client.ask(b"YWxpY2VAZXhhbXBsZS5vcmc=") == "334 UGFzc3dvcmQ6"
        assert (await client.ask(b"Y29ycmVjdCBob3JzZQ==")).startswith("235 2.7.0")
        assert (await client.ask(b"AUTH PLAIN " + plain("alice"))).startswith("503 ")
        await client.send(b"MAIL FROM:<alice@example.org>\r\nRCPT TO:<x@foreign.example>\r\nDATA\r\n")
        assert [each[:3] for each in await client.replies(3)] == ["250", "250", "354"]
        assert (await client.ask(b"From: alice@example.org\r\n\r\ntext\r\n.")).startswith("250 ")
        letter = stage.storage.letter
        added = f"Message-ID: <{letter.letter}@mx.example.org>\r\nFrom: alice@example.org\r\n".encode()
        assert b"\r\nDate: " in letter.body.octets.partition(added)[0]
        assert letter.protocol == "ESMTPA"
        assert letter.grant == b"alice@example.org"


async def test_trouble_with_storage_is_temporary_and_quick(autojump_clock: trio.testing.MockClock) -> None:
    async with smtp_stage(resolution_seconds=0.0) as stage:
        client = stage.connect()
        await client.greeted()
        for instead in (Code.UNAVAILABLE, Silent):
            stage.storage.instead = {"directory.resolve": instead}
            await client.ask("MAIL FROM:<a@b>")
            began = trio.current_time()
            assert (await client.ask("RCPT TO:<bob@example.org>")).startswith("451 4.3.0")
            stage.storage.instead = {"spool.accept": instead}
            assert (await client.ask("RCPT TO:<bob@example.org>")).startswith("250 ")
            await client.ask("DATA")
            assert (await client.ask(b"Subject: x\r\n\r\n.")).startswith("451 4.3.0")
            assert trio.current_time() - began < 20
        stage.storage.instead = {}
        await client.send(b"MAIL FROM:<a@b>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n")
        await client.replies(3)
        assert (await client.ask(b"x\r\n.")).startswith("250 ")


async def test_a_lost_answer_is_asked_for_again_under_the_same_letter(autojump_clock: trio.testing.MockClock) -> None:
    async with smtp_stage() as stage:
        client = stage.connect()
        await client.greeted()
        stage.storage.instead = {"spool.accept": Silent}
        await client.send(b"MAIL FROM:<a@b>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n")
        await client.replies(3)
        await client.send(b"Subject: x\r\n\r\n\r\n.\r\n")
        await trio.sleep(1)
        stage.storage.instead = {}
        assert await client.reply() == f"250 2.0.0 Ok: queued as {stage.storage.letter.letter}"
        assert stage.storage.calls == ["directory.resolve", "spool.accept", "spool.accept"]


async def test_smtputf8_must_be_asked_for() -> None:
    async with smtp_stage() as stage:
        stage.storage.accounts["grün@example.org"] = 9
        client = stage.connect()
        await client.greeted()
        await client.ask("MAIL FROM:<a@b>")
        assert (await client.ask("RCPT TO:<grün@example.org>")).startswith("553 5.6.7")
        await client.ask("RSET")
        await client.ask("MAIL FROM:<jürgen@bücher.example> SMTPUTF8")
        assert (await client.ask("RCPT TO:<grün@example.org>")).startswith("250 ")
        await client.ask("DATA")
        assert (await client.ask("Subject: ü\r\n\r\n.")).startswith("250 ")
        assert stage.storage.letter.smtputf8
        assert stage.storage.letter.protocol == "UTF8SMTP"


async def test_draining_lets_transactions_finish_and_sends_the_idle_away() -> None:
    async with smtp_stage() as stage:
        idle, busy = stage.connect(), stage.connect()
        await idle.greeted()
        await busy.greeted()
        await busy.ask("MAIL FROM:<a@b>")
        stage.draining.set()
        assert (await idle.reply()).startswith("421 4.3.2")
        assert await idle.ends()
        assert (await busy.ask("RCPT TO:<bob@example.org>")).startswith("250 ")
        assert (await busy.ask("DATA")).startswith("354 ")
        assert (await busy.ask(b"x: y\r\n\r\n.")).startswith("250 ")
        assert (await busy.reply()).startswith("421 4.3.2")
        assert await busy.ends()


async def test_a_changed_account_must_log_in_again() -> None:
    async with smtp_stage() as stage:
        client = await stage.submit()
        await client.ask("NOOP")
        change = directory.AccountChanged(1, f"alice@{DOMAIN}")
        stage.storage.bus.publish(directory.account_changed, change)
        await trio.testing.wait_all_tasks_blocked()
        assert (await client.ask("MAIL FROM:<alice@example.org>")).startswith("421 4.7.0")
        assert await client.ends()


async def test_an_error_of_ours_ends_one_connection_and_says_so() -> None:
    async with smtp_stage() as stage:
        broken, other = stage.connect(), stage.connect()
        await broken.greeted()
        await other.greeted()
        stage.resolver.resolve = None  # type: ignore[method-assign, assignment]
        await broken.ask("MAIL FROM:<a@b>")
        assert (await broken.ask("RCPT TO:<bob@example.org>")).startswith("421 4.3.0")
        assert await broken.ends()
        assert (await other.ask("NOOP")).startswith("250 ")


async def test_postmaster_without_a_domain_is_somebody() -> None:
    async with smtp_stage() as stage:
        client = stage.connect()
        await client.greeted()
        await client.ask("MAIL FROM:<>")
        assert (await client.ask("RCPT TO:<Postmaster>")).startswith("250 ")
        await client.ask("DATA")
        assert (await client.ask("Subject: x\r\n\r\n.")).startswith("250 ")
        assert [each.address for each in stage.storage.letter.recipients] == [f"postmaster@{DOMAIN}"]


async def test_wrong_passwords_are_told_apart_from_trouble() -> None:
    async with smtp_stage() as stage:
        client = stage.connect("submission", "127.0.0.1")
        await client.greeted()
        assert (await client.ask(b"AUTH PLAIN " + plain("alice", "wrong"))).startswith("535 5.7.8")
        stage.storage.instead = {"directory.login": Code.THROTTLED}
        assert (await client.ask(b"AUTH PLAIN " + plain("alice"))).startswith("454 4.7.0")
        stage.storage.instead = {}
        assert (await client.ask(b"AUTH PLAIN " + plain("nobody", PASSWORD))).startswith("421 4.7.0")
        assert await client.ends()


async def test_relay_domains_are_taken_from_anybody_and_nothing_else_is() -> None:
    async with smtp_stage(relay_domains=("friends.example",)) as stage:
        client = stage.connect()
        await client.greeted()
        await client.ask("MAIL FROM:<a@stranger.example>")
        assert (await client.ask("RCPT TO:<x@Friends.example>")).startswith("250 ")
        for other in ("x@sub.friends.example", "x@stranger.example", "x%stranger.example@friends.example.org"):
            assert (await client.ask(f"RCPT TO:<{other}>")).startswith("550 5.7.1 ")
