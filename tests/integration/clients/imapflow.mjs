// What a program that uses ImapFlow does in a day. Arguments: port, file of the authority, address, password.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { ImapFlow } from "imapflow";

const [port, authority, user, pass] = process.argv.slice(2);

async function connected() {
  const client = new ImapFlow({
    host: "localhost",
    port: Number(port),
    secure: true,
    tls: { ca: readFileSync(authority) },
    auth: { user, pass },
    logger: false,
    qresync: true,
  });
  await client.connect();
  return client;
}

const letter = (subject) => `From: ann@example.net\r\nTo: ${user}\r\nSubject: ${subject}\r\n\r\nIt works.\r\n`;
const client = await connected();
const other = await connected();
for (const enabled of ["CONDSTORE", "QRESYNC"]) {
  assert.ok(client.enabled.has(enabled), `${enabled} is not enabled`);
}

const made = await client.mailboxCreate(["Work", "Done"]);
assert.ok(made.created && made.mailboxId);
assert.ok((await client.list()).some((each) => each.path === made.path));

const opened = await client.mailboxOpen("INBOX");
assert.equal(opened.exists, 0);
assert.ok(opened.mailboxId && opened.highestModseq);

const arrived = new Promise((resolve) => client.once("exists", resolve));
const appended = await other.append("INBOX", letter("first"), ["\\Seen"], new Date("2020-01-02T03:04:05Z"));
assert.equal(appended.uid, 1);
await client.noop();
assert.equal((await arrived).count, 1);
await other.append("INBOX", letter("second"));
await client.noop();

const messages = [];
const wanted = { uid: true, flags: true, envelope: true, bodyStructure: true, internalDate: true, threadId: true };
for await (const message of client.fetch("1:*", wanted)) {
  messages.push(message);
}
assert.deepEqual(messages.map((each) => each.envelope.subject), ["first", "second"]);
assert.ok(messages[0].flags.has("\\Seen") && messages[0].emailId && messages[0].threadId);
assert.equal(messages[0].internalDate.toISOString(), "2020-01-02T03:04:05.000Z");
assert.deepEqual(await client.search({ seen: false }, { uid: true }), [2]);
assert.deepEqual(await client.search({ emailId: messages[1].emailId }, { uid: true }), [2]);

const { content, meta } = await client.download("1", undefined, { uid: true });
let text = "";
for await (const chunk of content) {
  text += chunk;
}
assert.equal(text, letter("first"));
assert.ok(meta.expectedSize);

await other.mailboxOpen("INBOX");
await other.messageFlagsAdd("2", ["\\Flagged"], { uid: true });
const changed = new Set(); // what is fetched may also be told as news
for await (const message of client.fetch("1:*", { uid: true, flags: true }, { changedSince: messages[1].modseq })) {
  changed.add(message.uid);
}
assert.deepEqual([...changed], [2]);

const copied = await client.messageCopy("1", "Work/Done", { uid: true });
assert.equal(copied.uidMap.get(1), 1);
const moved = await client.messageMove("2", "Work/Done", { uid: true });
assert.equal(moved.uidMap.get(2), 2);
await client.messageDelete("1", { uid: true });
assert.equal((await client.status("Work/Done", { messages: true, unseen: true })).messages, 2);
assert.equal((await client.status("INBOX", { messages: true })).messages, 0);

await other.logout();
await client.logout();
