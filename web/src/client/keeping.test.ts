/** Ways in which a message was once lost, doubled or shown to somebody else. */
import { effect } from "@preact/signals-core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Client, Thread } from "./api.ts";
import type { FakeClock } from "./testing.ts";
import { FakeDevice, FakeServer } from "./testing-server.ts";
import { picture, Stage, text } from "./testing-stage.ts";

let stage: Stage;
let clock: FakeClock;
let server: FakeServer;
let device: FakeDevice;

beforeEach(() => {
  stage = new Stage();
  ({ clock, server } = stage);
  device = new FakeDevice(server, "U_1");
});

afterEach(() => stage.end());

const started = (of: FakeDevice = device): Client => stage.started(of);
const about = (client: Client, product = "1"): Promise<Thread> => stage.about(client, product);

const stored = (): string[] =>
  [...server.conversations.values()].flatMap((c) => c.messages.map((m) => `${m.sender} ${m.nonce}`));
const asked = (path: string): number => server.requests.filter((request) => request.includes(path)).length;

describe("another user who signs in in the same browser", () => {
  test("neither sends what the former left waiting, nor sees it", async () => {
    server.tokenLife = 90_000;
    const client = started();
    const thread = await about(client);
    device.online = false;
    server.cut();
    thread.send(text("mine alone"));
    await clock.pass(server.tokenLife);
    device.uid = "U_2";
    device.online = true;
    await clock.pass(60_000);
    expect(stored()).toEqual([]);
    expect(client.connection.peek()).toEqual({ kind: "signed_out", code: "another_user" });
    const next = await about(started());
    await clock.pass(10_000);
    expect([next.entries.peek(), stored()]).toEqual([[], []]);
    expect(device.kept.get("buyer U_1 ")?.size).toBe(1); // still there for the one who wrote it
  });

  test("does not answer with the former's page when a request renews the token", async () => {
    const client = started();
    const thread = await about(client);
    device.uid = "U_2";
    await clock.pass(server.tokenLife);
    await client.ask({ method: "GET", path: "/v1/products/1" }, () => ({}));
    thread.send(text("as whom?"));
    await clock.pass(60_000);
    expect(client.connection.peek().kind).toBe("signed_out");
    expect(stored().filter((line) => line.startsWith("U_2"))).toEqual([]);
  });

  test("a user who has a name is not made a guest when the cookie ends", async () => {
    const client = started();
    await clock.pass(1_000);
    device.signedIn = false;
    await clock.pass(server.tokenLife);
    expect(client.connection.peek().kind).toBe("signed_out");
    expect(device.cookieRequests).not.toContain("/v1/guest");
  });
});

describe("signing out", () => {
  test("forgets what waits in every tab and on the device, and nobody becomes a guest", async () => {
    const [one, two] = [started(), started()];
    const thread = await about(one);
    server.refuse = (what) => (what.startsWith("send") ? FakeServer.refusal(503, "unavailable") : undefined);
    thread.send(text("never mind"));
    await clock.pass(1_000);
    expect(await one.signOut()).toBeUndefined();
    device.signedIn = false;
    server.refuse = () => undefined;
    await clock.pass(60_000);
    await two.ask({ method: "GET", path: "/v1/products/1" }, () => ({}));
    await clock.pass(1_000);
    expect([one, two].map((tab) => tab.connection.peek().kind)).toEqual(["signed_out", "signed_out"]);
    expect(device.kept.get("buyer U_1 ")?.size).toBe(0);
    expect(stored()).toEqual([]);
    expect(device.cookieRequests).not.toContain("/v1/guest");
    expect(thread.entries.peek()).toEqual([]);
  });

  test("says so when the server was not reached: the cookie is still good", async () => {
    const client = started();
    await clock.pass(1_000);
    server.refuse = (what) => (what.includes("logout") ? FakeServer.refusal(503, "unavailable") : undefined);
    expect((await client.signOut())?.code).toBe("unavailable");
    expect(client.connection.peek().kind).toBe("online");
  });
});

describe("what waits", () => {
  test("goes out though it could not be told at first who one is", async () => {
    server.refuse = (what) => (what === "GET /v1/me" ? FakeServer.refusal(503, "unavailable") : undefined);
    const client = started();
    const thread = await about(client);
    thread.send(text("hello"));
    await clock.pass(1_000);
    expect(stored()).toEqual(["U_1 U_1-1"]);
    server.refuse = () => undefined;
    await clock.pass(60_000);
    expect(client.me.peek()?.participant.uid).toBe("U_1");
  });

  test("is sent from the tab in use when the one that leads is frozen", async () => {
    device.frozenLead = true;
    const thread = await about(started());
    thread.send(text("hello"));
    await clock.pass(10_000);
    expect(stored()).toEqual(["U_1 U_1-1"]);
  });

  test("and when it is sent after all, from the tab in use too", async () => {
    const first = started();
    const thread = await about(first);
    server.refuse = (what) => (what.startsWith("send") ? FakeServer.refusal(403, "blocked") : undefined);
    thread.send(text("hello"));
    await clock.pass(1_000);
    first.stop();
    server.refuse = () => undefined;
    device.frozenLead = true;
    const other = await about(started());
    other.retry(other.entries.peek().at(-1)?.key ?? "");
    await clock.pass(10_000);
    expect(stored()).toEqual(["U_1 U_1-1"]);
  });

  test("keeps its order when the first message is still without a conversation", async () => {
    const buyer = started();
    const thread = await about(buyer);
    server.refuse = (what) => (what === "send U_1-1" ? FakeServer.refusal(503, "unavailable") : undefined);
    thread.send(text("first"));
    await clock.pass(100);
    server.store("U_1", { product: "1", nonce: "elsewhere", blocks: text("hi") }); // on another device
    await clock.pass(10);
    thread.send(text("second"));
    await clock.pass(100);
    server.refuse = () => undefined;
    await clock.pass(60_000);
    expect(stored()).toEqual(["U_1 elsewhere", "U_1 U_1-1", "U_1 U_1-2"]);
  });

  test("is not sent unasked after the device slept, though the connection held", async () => {
    const thread = await about(started());
    server.refuse = (what) =>
      what.startsWith("send") ? FakeServer.refusal(429, "rate_limited", 60_000) : undefined;
    thread.send(text("old news"));
    await clock.pass(1_000);
    server.refuse = () => undefined;
    server.heartbeatMs = 10_000_000;
    clock.sleep(11 * 60_000);
    await clock.pass(90_000);
    expect(stored()).toEqual([]);
    expect(thread.entries.peek()[0]).toMatchObject({ stale: true });
  });

  test("keeps its files when another tab speaks of it at the same time", async () => {
    const [one, two] = [started(), started()];
    const thread = await about(one);
    await about(two);
    server.refuse = (what) => (what === "send U_1-1" ? FakeServer.refusal(503, "unavailable") : undefined);
    thread.send([picture()]);
    await clock.pass(1_000);
    server.store("U_1", { product: "1", nonce: "elsewhere", blocks: text("hi") }); // on another device
    await clock.pass(1_000); // both tabs say which conversation it is for
    server.refuse = () => undefined;
    await clock.pass(60_000);
    expect(server.uploads).toHaveLength(1);
    expect(stored()).toContain("U_1 U_1-1");
  });

  test("is uploaded again when its picture was swept before it was ever sent", async () => {
    const client = started();
    const thread = await about(client);
    let swept = false;
    server.refuse = (what) => {
      if (!what.startsWith("send")) return undefined;
      if (swept) return undefined;
      swept = true;
      return FakeServer.refusal(403, "file_not_yours");
    };
    device.online = false;
    server.cut();
    thread.send([picture()]);
    await clock.pass(100);
    const item = device.kept.get("buyer U_1 ")?.values().next().value;
    client.stop();
    if (item !== undefined) device.kept.get("buyer U_1 ")?.set(item.nonce, { ...item, files: ["gone"] });
    device.online = true;
    await about(started());
    await clock.pass(30_000);
    expect(server.uploads).toHaveLength(1);
    expect(stored()).toEqual(["U_1 U_1-1"]);
  });

  test("where the device keeps nothing it is sent all the same, and the page knows what it would lose", async () => {
    device.keepsNothing = true;
    const client = started();
    const thread = await about(client);
    device.online = false;
    server.cut();
    thread.send(text("hello"));
    await clock.pass(100);
    expect(client.untaken.items).toHaveLength(1);
    device.online = true;
    await clock.pass(60_000);
    expect([client.untaken.items, stored().length]).toEqual([[], 1]);
  });

  test("is the page's to leave to the next one until the device has kept it", async () => {
    const client = started();
    const thread = await about(client);
    device.online = false;
    server.cut();
    let write = (): void => undefined;
    device.writes = new Promise((done) => {
      write = done;
    });
    const lost = () => client.untaken.items.map(({ nonce }) => nonce);
    thread.send(text("one"));
    thread.send(text("two"));
    await clock.pass(100);
    expect([client.untaken.scope, lost()]).toEqual(["buyer U_1 ", ["U_1-1", "U_1-2"]]);
    write();
    await clock.pass(1);
    expect(lost()).toEqual([]);
    // What the user deleted, and then not, is kept anew.
    device.keepsNothing = true;
    thread.discard("U_1-1")();
    await clock.pass(1);
    expect(lost()).toEqual(["U_1-1"]);
  });

  test("left behind by the page before is sent, and is still this one's to leave until it is kept", async () => {
    device.keepsNothing = true;
    const item = { nonce: "U_1-0", peer: "V_1", product: "1", pieces: text("one"), files: [undefined] };
    device.left = [{ ...item, order: 1, queuedAt: clock.now(), tried: false }];
    server.refuse = (what) => (what.startsWith("send") ? FakeServer.refusal(503, "unavailable") : undefined);
    const client = started();
    await client.loadSender();
    await clock.pass(1_000);
    expect(client.untaken.items.map(({ nonce }) => nonce)).toEqual(["U_1-0"]);
    server.refuse = () => undefined;
    await clock.pass(60_000);
    expect(stored()).toEqual(["U_1 U_1-0"]);
    expect(client.outgoing.value).toEqual([]);
  });

  test("has all its pictures as long as any tab has them", async () => {
    const client = started();
    const thread = await about(client);
    device.online = false;
    server.cut();
    thread.send([picture(), ...text("one")]);
    await clock.pass(1_000);
    const [whole] = [...(device.kept.get("buyer U_1 ")?.values() ?? [])];
    if (whole === undefined) throw new Error("not kept");
    device.kept.clear();
    device.left = [{ ...whole, pieces: text("one"), files: [undefined], stale: true }];
    device.online = true;
    const next = started();
    await next.loadSender();
    await clock.pass(1);
    for (const { outgoing } of [client, next])
      expect(outgoing.value.map(({ item }) => [item.pieces, item.stale])).toEqual([
        [whole.pieces, undefined],
      ]);
    expect(device.kept.get("buyer U_1 ")?.get("U_1-1")?.pieces).toEqual(whole.pieces);
  });

  test("is looked for again when the browser had kept the page: what another deleted meanwhile is not sent", async () => {
    const client = started();
    const thread = await about(client);
    device.online = false;
    server.cut();
    for (const word of ["one", "two"]) thread.send(text(word));
    await clock.pass(1_000);
    const kept = device.kept.get("buyer U_1 ");
    const [, two] = [...(kept?.values() ?? [])];
    kept?.delete("U_1-1");
    if (two !== undefined) kept?.set("U_1-9", { ...two, nonce: "U_1-9", order: two.order + 1 });
    client.recheck();
    thread.send(text("three"));
    device.online = true;
    await clock.pass(60_000);
    expect(stored().toSorted(), "and what it wrote is").toEqual(["U_1 U_1-2", "U_1 U_1-3", "U_1 U_1-9"]);
    expect(client.outgoing.value).toEqual([]);
  });

  test("is not sent while that is being looked for", async () => {
    server.refuse = (what) => (what.startsWith("send") ? FakeServer.refusal(503, "unavailable") : undefined);
    const client = started();
    const thread = await about(client);
    thread.send(text("one"));
    await clock.pass(1_000);
    device.kept.get("buyer U_1 ")?.delete("U_1-1");
    let look = (): void => undefined;
    device.reads = new Promise((done) => {
      look = done;
    });
    client.recheck();
    server.refuse = () => undefined;
    await clock.pass(60_000);
    look();
    await clock.pass(60_000);
    expect([stored(), client.outgoing.value]).toEqual([[], []]);
  });

  test("is looked for again before what sends takes it over", async () => {
    device.sends = false;
    const client = started();
    const thread = await about(client);
    for (const word of ["one", "two"]) thread.send(text(word));
    device.left = client.untaken.items.slice(1);
    client.recheck();
    thread.send(text("three"));
    device.sends = true;
    await clock.pass(60_000);
    expect(stored()).toEqual(["U_1 U_1-2", "U_1 U_1-3"]);
  });

  test("is not sent when it was deleted before what sends had come, whoever has kept it", async () => {
    device.sends = false;
    const client = started();
    const thread = await about(client);
    for (const word of ["one", "two"]) thread.send(text(word));
    device.kept.set("buyer U_1 ", new Map(client.untaken.items.map((item) => [item.nonce, item])));
    thread.discard("U_1-1");
    const back = thread.discard("U_1-2");
    await clock.pass(100);
    device.sends = true;
    server.refuse = (what) => (what.startsWith("send") ? FakeServer.refusal(503, "unavailable") : undefined);
    await client.loadSender();
    back();
    await clock.pass(100);
    expect(client.untaken.items, "what is taken up again is kept again").toEqual([]);
    server.refuse = () => undefined;
    await clock.pass(60_000);
    expect(stored()).toEqual(["U_1 U_1-2"]);
    expect([...(device.kept.get("buyer U_1 ")?.keys() ?? [])]).toEqual([]);
  });

  test("is not asked about when it was stored, though the answer was lost and the device slept", async () => {
    const client = started();
    const thread = await about(client);
    thread.send(text("one"));
    await clock.pass(1_000);
    server.loseAnswer = (frame) => "send" in frame;
    server.deliveries = () => 0;
    thread.send(text("two"));
    await clock.pass(50);
    device.online = false;
    server.cut();
    await clock.pass(11 * 60_000);
    server.loseAnswer = () => false;
    server.deliveries = () => 1;
    device.online = true;
    await clock.pass(60_000);
    expect(stored()).toEqual(["U_1 U_1-1", "U_1 U_1-2"]);
    expect(client.outgoing.value).toEqual([]);
    expect(thread.entries.value.map(({ key, tick }) => [key, tick])).toEqual([
      ["U_1-1", "stored"],
      ["U_1-2", "stored"],
    ]);
  });

  test("written in one tab is that tab's to keep", async () => {
    const client = started();
    const other = started();
    const thread = await about(client);
    device.online = false;
    server.cut();
    await clock.pass(100);
    device.writes = new Promise(() => undefined);
    thread.send(text("one"));
    await clock.pass(100);
    expect([client.untaken.items.length, other.untaken.items.length]).toEqual([1, 0]);
  });

  test("may be written after the client has stopped", async () => {
    const client = started();
    const thread = await about(client);
    client.stop();
    thread.send(text("late"));
    client.start();
    await clock.pass(10_000);
    expect(stored()).toEqual(["U_1 U_1-1"]);
  });
});

describe("a thread", () => {
  test("that does not exist is asked for once, however often a page draws it", async () => {
    const client = started();
    await clock.pass(1_000);
    const before = asked("/v1/conversations/nope");
    for (let i = 0; i < 20; i++) {
      client.thread("nope");
      await clock.pass(100);
    }
    expect(asked("/v1/conversations/nope") - before).toBe(1);
  });

  test("loads though the store was reset while it was loading", async () => {
    const seller = new FakeDevice(server, "V_1");
    server.store("U_1", { product: "1", nonce: "n", blocks: text("hello") });
    const client = started(seller);
    await clock.pass(1_000);
    const thread = client.thread("c1");
    stage.look(thread);
    server.epoch = "e2";
    server.beat(); // while the first page is under way
    await clock.pass(5_000);
    expect([thread.state.peek(), thread.entries.peek().length]).toEqual(["ready", 1]);
  });

  test("whose server lacks what it announced is asked for later, not at once again", async () => {
    server.store("U_1", { product: "1", nonce: "n", blocks: text("hello") });
    const client = started(new FakeDevice(server, "V_1"));
    await clock.pass(1_000);
    const conversation = server.conversations.get("c1");
    if (conversation === undefined) throw new Error("no conversation");
    const view = server.view(conversation, "merchant");
    server.say("V_1", { conversation: { pos: 9, conversation: { ...view, rev: 50, last_seq: 900 } } });
    await clock.pass(10);
    stage.look(client.thread("c1"));
    const before = asked("/messages");
    await clock.pass(400);
    expect(asked("/messages") - before).toBeLessThan(5);
  });

  test("draws what was sent from what was sent, also when the event overtakes the ack", async () => {
    const thread = await about(started());
    thread.send(text("hello"));
    await clock.pass(1_000);
    thread.send([picture()]);
    server.loseAnswer = (frame) => "send" in frame;
    await clock.pass(50);
    server.loseAnswer = () => false;
    await clock.pass(20_000);
    expect(thread.entries.peek().at(-1)).toMatchObject({ kind: "message", pieces: [{ type: "image" }] });
  });

  test("of many gives up its messages, and has them again when it is looked at", async () => {
    for (let i = 1; i <= 60; i++) server.store(`U_${i}`, { product: "1", nonce: "n", blocks: text(`${i}`) });
    const client = started(new FakeDevice(server, "V_1"));
    await clock.pass(1_000);
    const threads = [];
    for (let i = 1; i <= 60; i++) {
      threads.push(client.thread(`c${i}`));
      await clock.pass(100);
    }
    const kept = threads.filter((thread) => thread.entries.peek().length > 0).length;
    expect(kept).toBeLessThanOrEqual(40);
    const [first] = threads;
    if (first === undefined) throw new Error("no thread");
    stage.look(first);
    await clock.pass(1_000);
    expect(first.entries.peek()).toHaveLength(1);
  });
});

test("a device whose clock is days ahead does not ask for pictures without end", async () => {
  const client = started();
  await clock.pass(1_000);
  server.urlLife = -3_600_000;
  stage.undo.push(effect(() => void client.pictureUrl("f").value));
  await clock.pass(60_000);
  expect(asked("/files/urls")).toBe(1);
});

describe("while the code that sends is not there", () => {
  test("what is written stands in the thread at once, and goes out in order once it is", async () => {
    device.sends = false;
    const client = started();
    const thread = await about(client);
    thread.send(text("one"));
    thread.send(text("two"));
    expect(thread.entries.value.map((entry) => entry.tick)).toEqual(["queued", "queued"]);
    await clock.pass(3_000);
    expect(stored()).toEqual([]);
    device.sends = true;
    await clock.pass(60_000);
    expect(stored()).toEqual(["U_1 U_1-1", "U_1 U_1-2"]);
    expect(thread.entries.value.map((entry) => entry.key)).toEqual(["U_1-1", "U_1-2"]);
  });

  test("the page knows that it would be lost, and that something is wrong, until it is sent", async () => {
    device.sends = false;
    const client = started();
    const thread = await about(client);
    expect(client.stuck.value).toBe(false); // nothing waits
    thread.send(text("one"));
    await clock.pass(1_000);
    expect([client.untaken.items.length, client.stuck.value]).toEqual([1, true]);
    device.sends = true;
    await clock.pass(60_000);
    expect([client.untaken.items.length, client.stuck.value]).toEqual([0, false]);
    expect(stored()).toHaveLength(1);
  });

  test("what is deleted is not sent later", async () => {
    device.sends = false;
    const thread = await about(started());
    thread.send(text("one"));
    thread.send(text("two"));
    const back = thread.discard("U_1-1");
    expect(thread.entries.value.map((entry) => entry.key)).toEqual(["U_1-2"]);
    back();
    expect(thread.entries.value.map((entry) => entry.key)).toEqual(["U_1-1", "U_1-2"]);
    thread.discard("U_1-1");
    device.sends = true;
    await clock.pass(60_000);
    expect(stored()).toEqual(["U_1 U_1-2"]);
  });

  test("what was left waiting last time goes out though nobody writes or looks", async () => {
    const before = started();
    const thread = await about(before);
    device.online = false;
    before.networkLost();
    thread.send(text("one"));
    await clock.pass(1_000);
    before.stop();
    device.online = true;
    device.sends = false; // the first time that it is asked for
    started();
    await clock.pass(1_000);
    device.sends = true;
    await clock.pass(10_000);
    expect(stored()).toEqual(["U_1 U_1-1"]);
  });
});
