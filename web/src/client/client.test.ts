import { effect } from "@preact/signals-core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Message } from "../protocol/body.ts";
import type { Client, Entry, Thread } from "./api.ts";
import { type FakeClock, seeded } from "./testing.ts";
import { FakeDevice, FakeServer } from "./testing-server.ts";
import { picture, Stage, text } from "./testing-stage.ts";

let stage: Stage;
let clock: FakeClock;
let server: FakeServer;
let undo: (() => void)[];

beforeEach(() => {
  stage = new Stage();
  ({ clock, server, undo } = stage);
});

afterEach(() => stage.end());

const started = (device: FakeDevice, random?: () => number): Client => stage.started(device, random);
const look = (thread: Thread): void => stage.look(thread);
const about = (client: Client, product: string): Promise<Thread> => stage.about(client, product);

/** A line as a person sees it. */
function line(entry: Entry): string {
  if (entry.kind === "outgoing") {
    const words = entry.pieces.map((p) => (p.type === "text" ? p.text : p.type)).join("+");
    return `${words} (${entry.stale ? "stale" : (entry.failure?.code ?? entry.tick)})`;
  }
  const { message, mine, tick } = entry;
  const words = message.recalled_at === undefined ? said(message) : "recalled";
  return mine ? `${words} (${tick})` : `< ${words}`;
}

function said(message: Message): string {
  return message.blocks.map((b) => (b.type === "text" ? b.text : b.type)).join("+");
}

const lines = (thread: Thread): string[] => thread.entries.peek().map(line);

/** A buyer and a seller who have begun to talk. */
async function talking() {
  const buyer = started(new FakeDevice(server, "U_1"));
  const seller = started(new FakeDevice(server, "V_1"));
  const asking = await about(buyer, "1");
  asking.send(text("hello"));
  await clock.pass(1_000);
  const answering = seller.thread("c1");
  look(answering);
  await clock.pass(1_000);
  return { buyer, seller, asking, answering };
}

describe("a message", () => {
  test("goes from the buyer to the seller, and its ticks come back", async () => {
    const { asking, answering } = await talking();
    expect(lines(answering)).toEqual(["< hello"]);
    expect(lines(asking)).toEqual(["hello (delivered)"]);
    answering.markRead(1);
    await clock.pass(1_000);
    expect(lines(asking)).toEqual(["hello (read)"]);
    answering.send(text("hi"));
    await clock.pass(1_000);
    expect(lines(asking)).toEqual(["hello (read)", "< hi"]);
  });

  test("is in the list before `send` returns: it shows in the frame of the key that sent it", async () => {
    const { asking } = await talking();
    asking.send(text("at once"));
    expect(lines(asking)).toEqual(["hello (delivered)", "at once (queued)"]);
  });

  test("that is read is told of once, however often one looks in a moment", async () => {
    const { asking, answering } = await talking();
    for (const words of ["two", "three", "four"]) asking.send(text(words));
    await clock.pass(1_000);
    let told = 0;
    server.loseAnswer = (frame) => {
      if ("read" in frame) told++;
      return false;
    };
    for (let seq = 1; seq <= 4; seq++) {
      answering.markRead(seq);
      await clock.pass(50);
    }
    expect(told).toBe(0);
    await clock.pass(1_000);
    expect(told).toBe(1);
    expect(lines(asking).at(-1)).toBe("four (read)");
  });

  test("keeps its key from the outbox to the store, so that nothing jumps", async () => {
    const { asking } = await talking();
    asking.send(text("again"));
    const before = asking.entries.peek().at(-1);
    await clock.pass(1_000);
    const after = asking.entries.peek().at(-1);
    expect([before?.kind, after?.kind]).toEqual(["outgoing", "message"]);
    expect(after?.key).toBe(before?.key);
  });

  test("that is lost on the way is fetched after the next heartbeat, though nothing follows it", async () => {
    const { answering, asking } = await talking();
    server.deliveries = (uid) => (uid === "V_1" ? 0 : 1);
    asking.send(text("lost?"));
    await clock.pass(1_000);
    expect(lines(answering)).toEqual(["< hello"]);
    server.deliveries = () => 1;
    await clock.pass(server.heartbeatMs);
    expect(lines(answering)).toEqual(["< hello", "< lost?"]);
  });

  test("whose ack is lost is sent again and stored once", async () => {
    const { asking } = await talking();
    server.loseAnswer = (frame) => "send" in frame;
    asking.send(text("once"));
    await clock.pass(100);
    server.loseAnswer = () => false;
    await clock.pass(10_000);
    expect(lines(asking)).toEqual(["hello (delivered)", "once (delivered)"]);
    expect(server.conversations.get("c1")?.messages).toHaveLength(2);
  });

  test("whose event comes before its ack is not shown twice", async () => {
    const { asking } = await talking();
    const stored = server.store("U_1", { conversation: "c1", nonce: "U_1-2", blocks: text("mine") });
    asking.send(text("mine")); // the same nonce: the device counts
    await clock.pass(1_000);
    expect(stored.message.seq).toBe(2);
    expect(lines(asking)).toEqual(["hello (delivered)", "mine (delivered)"]);
  });

  test("taken back shows as a tombstone to both, and after an absence too", async () => {
    const { asking, answering } = await talking();
    expect(await asking.recall(1)).toBeUndefined();
    await clock.pass(1_000);
    expect(lines(asking)).toEqual(["recalled (delivered)"]);
    expect(lines(answering)).toEqual(["< recalled"]);
    asking.send(text("second"));
    await clock.pass(1_000);
    server.cut("V_1");
    server.recall("U_1", "c1", 2);
    await clock.pass(30_000);
    expect(lines(answering)).toEqual(["< recalled", "< recalled"]);
  });
});

describe("the outbox", () => {
  test("survives a reload and sends what waits, once and in order", async () => {
    const device = new FakeDevice(server, "U_1");
    const first = started(device);
    const thread = await about(first, "1");
    server.refuse = (what) => (what.startsWith("send") ? FakeServer.refusal(503, "unavailable") : undefined);
    thread.send(text("one"));
    thread.send(text("two"));
    await clock.pass(100);
    first.stop();
    server.refuse = () => undefined;
    const again = await about(started(device), "1");
    await clock.pass(1_000);
    expect(lines(again)).toEqual(["one (stored)", "two (stored)"]);
    expect([...device.kept.values()].flatMap((items) => [...items])).toEqual([]);
  });

  test("waits as long as it is told to, and goes on by itself", async () => {
    const { asking } = await talking();
    let refused = 0;
    server.refuse = (what) => {
      if (!what.startsWith("send") || refused > 0) return undefined;
      refused++;
      return FakeServer.refusal(429, "rate_limited", 8_000);
    };
    asking.send(text("slow"));
    await clock.pass(7_000);
    expect(lines(asking).at(-1)).toBe("slow (queued)");
    await clock.pass(3_000);
    expect(lines(asking).at(-1)).toBe("slow (delivered)");
  });

  test("fails what was refused for good with what follows it, and retries them in order", async () => {
    const { asking } = await talking();
    server.refuse = (what) => (what.startsWith("send") ? FakeServer.refusal(403, "blocked") : undefined);
    asking.send(text("one"));
    asking.send(text("two"));
    await clock.pass(1_000);
    expect(lines(asking).slice(1)).toEqual(["one (blocked)", "two (earlier_failed)"]);
    server.refuse = () => undefined;
    asking.retry(asking.entries.peek()[1]?.key ?? "");
    await clock.pass(1_000);
    expect(lines(asking).slice(1)).toEqual(["one (delivered)", "two (delivered)"]);
  });

  test("asks before it sends what waited for more than ten minutes", async () => {
    const device = new FakeDevice(server, "U_1");
    const thread = await about(started(device), "1");
    thread.send(text("hello"));
    await clock.pass(1_000);
    device.online = false;
    server.cut();
    thread.send(text("old"));
    await clock.pass(11 * 60_000);
    thread.send(text("young"));
    device.online = true;
    await clock.pass(30_000);
    expect(lines(thread)).toEqual(["hello (stored)", "old (stale)", "young (stale)"]);
    thread.retry(thread.entries.peek()[1]?.key ?? "");
    await clock.pass(1_000);
    expect(lines(thread)).toEqual(["hello (stored)", "old (stored)", "young (stored)"]);
  });

  test("uploads first, and after a failure again under the same key and never twice", async () => {
    const { asking } = await talking();
    let refusals = 1;
    server.refuse = (what) =>
      what.startsWith("PUT") && what.endsWith("1") && refusals-- > 0
        ? FakeServer.refusal(503, "unavailable")
        : undefined;
    asking.send([picture(), picture()]);
    const nonce = asking.entries.peek().at(-1)?.key;
    await clock.pass(5_000);
    expect(server.uploads).toEqual([`/v1/files/${nonce}.0`, `/v1/files/${nonce}.1`]);
    expect(lines(asking).at(-1)).toBe("image+image (delivered)");
    expect(server.conversations.get("c1")?.messages.at(-1)?.blocks).toMatchObject([
      { type: "image", image: { file: `file-${nonce}.0` } },
      { type: "image", image: { file: `file-${nonce}.1` } },
    ]);
  });

  test("has the server take from WeChat what is there, and uploads what is not", async () => {
    const { asking } = await talking();
    const inWeChat = (media: string) => ({ ...picture(), picture: { ...picture().picture, media } });
    server.refuse = (what) =>
      what.startsWith("PUT /v1/wechat/") && what.endsWith(".1")
        ? FakeServer.refusal(400, "wechat_media_invalid")
        : undefined;
    asking.send([inWeChat("kept"), inWeChat("lost")]);
    const nonce = asking.entries.peek().at(-1)?.key;
    await clock.pass(5_000);
    expect(server.requests.filter((what) => what.startsWith("PUT"))).toEqual([
      `PUT /v1/wechat/files/${nonce}.0`,
      `PUT /v1/wechat/files/${nonce}.1`,
      `PUT /v1/files/${nonce}.1`,
    ]);
    expect(server.conversations.get("c1")?.messages.at(-1)?.blocks).toMatchObject([
      { type: "image", image: { file: "from-wechat-kept" } },
      { type: "image", image: { file: `file-${nonce}.1` } },
    ]);
  });

  test("forgets what is discarded, also in the middle of its upload", async () => {
    const { asking } = await talking();
    asking.send([picture()]);
    asking.discard(asking.entries.peek().at(-1)?.key ?? "");
    asking.send(text("after"));
    await clock.pass(1_000);
    expect(lines(asking).slice(1)).toEqual(["after (delivered)"]);
  });
});

describe("what was deleted by mistake", () => {
  const refused = (what: string) => (what.startsWith("send") ? FakeServer.refusal(403, "denied") : undefined);

  test("comes back at its place, and can be sent", async () => {
    const { asking } = await talking();
    server.refuse = refused;
    asking.send(text("first"));
    asking.send(text("second"));
    await clock.pass(1_000);
    const [, first] = asking.entries.peek();
    const back = asking.discard(first?.key ?? "");
    expect(lines(asking).slice(1)).toEqual(["second (earlier_failed)"]);
    back();
    expect(lines(asking).slice(1)).toEqual(["first (denied)", "second (earlier_failed)"]);
    server.refuse = () => undefined;
    asking.retry(first?.key ?? "");
    await clock.pass(1_000);
    expect(lines(asking).slice(1)).toEqual(["first (delivered)", "second (delivered)"]);
  });

  test("comes back in the other tab, too, and survives a reload", async () => {
    const device = new FakeDevice(server, "U_1");
    const [one, two] = [await about(started(device), "1"), await about(started(device), "1")];
    server.refuse = refused;
    two.send(text("from two"));
    await clock.pass(1_000);
    const back = two.discard(two.entries.peek().at(-1)?.key ?? "");
    await clock.pass(10);
    expect(lines(one)).toEqual([]);
    back();
    await clock.pass(10);
    expect(lines(one)).toEqual(["from two (denied)"]);
    expect(lines(await about(started(device), "1"))).toEqual(["from two (denied)"]);
  });

  test("does not come back to whoever is there by then", async () => {
    const device = new FakeDevice(server, "U_1");
    const client = started(device);
    const thread = await about(client, "1");
    server.refuse = refused;
    thread.send(text("mine"));
    await clock.pass(1_000);
    const back = thread.discard(thread.entries.peek().at(-1)?.key ?? "");
    client.stop();
    back();
    await clock.pass(1_000);
    expect(lines(await about(started(device), "1"))).toEqual([]);
  });
});

describe("two tabs of one buyer", () => {
  test("show the same, and one of them sends", async () => {
    const device = new FakeDevice(server, "U_1");
    const [one, two] = [await about(started(device), "1"), await about(started(device), "1")];
    server.refuse = (what) => (what.startsWith("send") ? FakeServer.refusal(503, "unavailable") : undefined);
    two.send(text("from two"));
    await clock.pass(10);
    expect(lines(one)).toEqual(lines(two));
    server.refuse = () => undefined;
    await clock.pass(30_000);
    one.send(text("from one"));
    await clock.pass(1_000);
    expect(lines(one)).toEqual(["from two (stored)", "from one (stored)"]);
    expect(lines(two)).toEqual(lines(one));
    expect(server.conversations.get("c1")?.messages).toHaveLength(2);
  });

  test("when the one that sends is closed, the other goes on", async () => {
    const device = new FakeDevice(server, "U_1");
    const first = started(device);
    const one = await about(first, "1");
    const two = await about(started(device), "1");
    server.refuse = (what) => (what.startsWith("send") ? FakeServer.refusal(503, "unavailable") : undefined);
    one.send(text("waits"));
    await clock.pass(100);
    first.stop();
    server.refuse = () => undefined;
    await clock.pass(1_000);
    expect(lines(two)).toEqual(["waits (stored)"]);
  });
});

describe("the connection", () => {
  test("that says nothing is given up after one and a half heartbeats, and comes back", async () => {
    const { seller } = await talking();
    const states: string[] = [];
    undo.push(seller.connection.subscribe((state) => states.push(state.kind)));
    for (const session of server.sessions) session.frames = () => undefined;
    await clock.pass(server.heartbeatMs * 1.5 + 5_000);
    expect(states).toEqual(["online", "offline", "offline", "online"]); // the third: trying just now
  });

  test("comes back when it is told to, not sooner, whatever wakes it", async () => {
    const { buyer } = await talking();
    server.say("U_1", { bye: { code: "shutdown", message: "restart", retry_after_ms: 5_000 } });
    buyer.wake();
    await clock.pass(4_900);
    buyer.wake();
    expect(buyer.connection.peek()).toMatchObject({ kind: "offline", held: true });
    await clock.pass(2_000);
    expect(buyer.connection.peek().kind).toBe("online");
  });

  test("that holds is kept when the page wakes, as often as that is", async () => {
    const device = new FakeDevice(server, "U_1");
    const buyer = started(device);
    await clock.pass(1_000);
    for (let i = 0; i < 5; i++) {
      buyer.wake();
      await clock.pass(6_000);
    }
    expect([buyer.connection.peek().kind, device.opened]).toEqual(["online", ["socket"]]);
  });

  test("comes back at once when the page wakes, if it may", async () => {
    const device = new FakeDevice(server, "U_1");
    const buyer = started(device);
    await clock.pass(100);
    device.online = false;
    server.cut();
    await clock.pass(5 * 60_000);
    device.online = true;
    buyer.wake();
    await clock.pass(1);
    expect(buyer.connection.peek().kind).toBe("online");
  });

  test("is given up at once when the device has no network, and made again at once when it has", async () => {
    const device = new FakeDevice(server, "U_1");
    const buyer = started(device);
    const thread = await about(buyer, "1");
    for (const session of server.sessions) session.alive = false; // the network swallows what is said
    thread.send(text("from the lift"));
    await clock.pass(100);
    expect(lines(thread)).toEqual(["from the lift (sending)"]);
    device.online = false;
    buyer.networkLost();
    await clock.pass(1);
    expect(buyer.connection.peek().kind).toBe("offline");
    expect(lines(thread)).toEqual(["from the lift (queued)"]);
    await clock.pass(60_000);
    const state = buyer.connection.peek();
    buyer.networkLost(); // which is no news, and no reason to wait for longer
    expect(buyer.connection.peek()).toBe(state);
    device.online = true;
    buyer.wake();
    await clock.pass(100);
    expect(buyer.connection.peek().kind).toBe("online");
    expect(lines(thread)).toEqual(["from the lift (stored)"]);
  });

  test("that died while the device slept is found dead on waking", async () => {
    const { buyer } = await talking();
    clock.sleep(3_600_000);
    for (const session of [...server.sessions]) session.alive = false;
    server.sessions.clear();
    buyer.wake();
    await clock.pass(1);
    expect(buyer.connection.peek().kind).toBe("online");
  });

  test("renews its token before it ends, on the live socket", async () => {
    const { buyer } = await talking();
    const before = server.tokens;
    const sockets = server.sessions.size;
    await clock.pass(server.tokenLife);
    expect(server.tokens).toBeGreaterThan(before);
    expect(server.sessions.size).toBe(sockets);
    expect(buyer.connection.peek().kind).toBe("online");
  });

  test("gets a fresh token when its own is refused", async () => {
    let refusals = 1;
    server.refuse = (what) =>
      what === "hello" && refusals-- > 0 ? FakeServer.refusal(401, "token_expired") : undefined;
    const buyer = started(new FakeDevice(server, "U_1"));
    await clock.pass(15_000);
    expect(buyer.connection.peek().kind).toBe("online");
    expect(server.tokens).toBe(2);
  });

  test("is signed out only when the server has no token for it", async () => {
    const device = new FakeDevice(server, "V_1");
    const seller = started(device);
    await clock.pass(100);
    server.refuse = (what) => (what === "token" ? FakeServer.refusal(503, "unavailable") : undefined);
    server.say("V_1", { bye: { code: "token_revoked", message: "signed out", final: true } });
    await clock.pass(60_000);
    expect(seller.connection.peek().kind).toBe("offline");
    server.refuse = () => undefined;
    device.signedIn = false;
    await clock.pass(60_000);
    expect(seller.connection.peek()).toEqual({ kind: "signed_out", code: "signed_out" });
  });

  test("waits longer each time, with jitter, and never more than half a minute", async () => {
    const device = new FakeDevice(server, "U_1");
    device.online = false;
    const waits: number[] = [];
    const buyer = started(device, seeded(1));
    undo.push(
      buyer.connection.subscribe((state) => {
        if (state.kind === "offline" && state.retryAt !== undefined) waits.push(state.retryAt - clock.now());
      }),
    );
    await clock.pass(10 * 60_000);
    expect(Math.max(...waits)).toBeGreaterThan(10_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(25_000);
    expect(new Set(waits).size).toBeGreaterThan(10);
  });
});

describe("after an absence", () => {
  test("everything missed is there, in order, also when it was more than a page", async () => {
    const { answering, seller } = await talking();
    server.cut("V_1");
    for (let i = 0; i < 23; i++) {
      server.store("U_1", { conversation: "c1", nonce: `x${i}`, blocks: text(`${i}`) });
    }
    await clock.pass(30_000);
    expect(lines(answering)).toEqual(["< hello", ...Array.from({ length: 23 }, (_, i) => `< ${i}`)]);
    expect(seller.unread.peek()).toEqual({ conversations: 1, messages: 24 });
  });

  test("what came between the first load and the first welcome is not missed", async () => {
    server.store("U_1", { product: "1", nonce: "first", blocks: text("hello") });
    server.refuse = (what) => (what === "hello" ? FakeServer.refusal(503, "unavailable") : undefined);
    const thread = await about(started(new FakeDevice(server, "U_1")), "1");
    expect(lines(thread)).toEqual(["hello (stored)"]);
    server.store("V_1", { conversation: "c1", nonce: "between", blocks: text("yes?") });
    server.refuse = () => undefined;
    await clock.pass(60_000);
    expect(lines(thread)).toEqual(["hello (stored)", "< yes?"]);
  });

  test("a position that the server calls void makes a new connection, which reloads", async () => {
    const { asking } = await talking();
    server.refuse = (what) => (what.includes("/v1/changes") ? FakeServer.refusal(409, "reset") : undefined);
    server.deliveries = () => 0;
    server.store("V_1", { conversation: "c1", nonce: "quiet", blocks: text("quiet") });
    server.deliveries = () => 1;
    await clock.pass(60_000);
    expect(lines(asking)).toEqual(["hello (delivered)", "< quiet"]);
  });

  test("another epoch drops what was kept and reloads what is shown", async () => {
    const { answering, asking } = await talking();
    const stored = server.conversations.get("c1");
    if (stored === undefined) throw new Error("no conversation");
    server.epoch = "e2"; // restored from a backup: another last message, a lower rev
    stored.messages = [{ ...(stored.messages[0] as Message), blocks: text("restored") }];
    stored.rev = 1;
    server.positions.clear();
    server.beat();
    await clock.pass(5_000);
    expect(lines(answering)).toEqual(["< restored"]);
    expect(lines(asking)).toEqual(["restored (delivered)"]);
  });
});

describe("the inbox", () => {
  async function inbox() {
    for (const [i, buyer] of ["U_1", "U_2", "U_3", "U_4", "U_5"].entries()) {
      server.store(buyer, { product: "1", nonce: `n${i}`, blocks: text(`from ${buyer}`) });
      await clock.pass(1_000);
    }
    const seller = started(new FakeDevice(server, "V_1"));
    undo.push(effect(() => void seller.inbox.rows.value));
    await clock.pass(1_000);
    return seller;
  }
  const flags = { pin: "pinned", mute: "muted", mark: "marked" } as const;
  const setFlag = (id: string, flag: keyof typeof flags, on: boolean): void =>
    server.setFlag(id, "merchant", flags[flag], on);
  const names = (client: Client): string[] => client.inbox.rows.peek().map((row) => row.buyer.uid);

  test("lists what is newest first, in pages, and moves up what is news", async () => {
    const seller = await inbox();
    expect(names(seller)).toEqual(["U_5", "U_4", "U_3"]);
    server.store("U_1", { conversation: "c1", nonce: "m", blocks: text("me again") });
    server.store("U_6", { product: "1", nonce: "m", blocks: text("I am new") });
    await clock.pass(1_000);
    expect(names(seller).sort()).toEqual(["U_1", "U_3", "U_4", "U_5", "U_6"]);
    expect(seller.unread.peek()).toEqual({ conversations: 6, messages: 7 });
    await seller.inbox.loadMore();
    expect(names(seller)).toContain("U_2");
  });

  test("a seller who comes back has what was written meanwhile, and its senders see that it arrived", async () => {
    server.store("U_1", { product: "1", nonce: "n", blocks: text("hello?") });
    const seller = started(new FakeDevice(server, "V_1"));
    undo.push(effect(() => void seller.inbox.rows.value));
    await clock.pass(1_000);
    expect(server.conversations.get("c1")?.at.merchant.delivered).toBe(1);
  });

  test("a count that crosses with reading does not bring back what was read", async () => {
    const seller = await inbox();
    look(seller.thread("c1"));
    await clock.pass(1_000);
    server.store("U_6", { product: "1", nonce: "m", blocks: text("I am new") }); // makes it ask for a count
    await clock.pass(300);
    seller.thread("c1").markRead(1);
    await clock.pass(5_000);
    expect(seller.unread.peek()).toEqual({ conversations: 5, messages: 5 });
  });

  test("with unread first, what is being read stays where it is until the list is asked for anew", async () => {
    const seller = await inbox();
    seller.inbox.setOrder("unread");
    await clock.pass(1_000);
    seller.thread("c5").markRead(1);
    await clock.pass(1_000);
    expect(names(seller)[0]).toBe("U_5");
    expect(seller.unread.peek()).toEqual({ conversations: 4, messages: 4 });
    await seller.inbox.reload();
    expect(names(seller)[0]).toBe("U_4");
  });

  test("of the unread, what is looked at stays until another is, and news comes in", async () => {
    const seller = await inbox();
    seller.inbox.setFilter("unread");
    seller.inbox.keep("c5");
    await clock.pass(1_000);
    seller.thread("c5").markRead(1);
    seller.thread("c4").markRead(1); // by a colleague, say
    await clock.pass(2_000);
    expect(names(seller)).toEqual(["U_5", "U_3"]);
    seller.inbox.keep("c3");
    expect(names(seller)).toEqual(["U_3"]);
    server.store("U_4", { conversation: "c4", nonce: "m", blocks: text("and this?") });
    await clock.pass(1_000);
    expect(names(seller)).toEqual(["U_4", "U_3"]);
  });

  test("of those who wait, an answered one is gone and comes back with its next message", async () => {
    const seller = await inbox();
    seller.inbox.setFilter("waiting");
    await clock.pass(1_000);
    expect(names(seller)).toEqual(["U_5", "U_4", "U_3"]);
    server.store("V_1", { conversation: "c5", nonce: "answer", blocks: text("yes") });
    await clock.pass(1_000);
    expect(names(seller)).toEqual(["U_4", "U_3"]);
    server.store("U_5", { conversation: "c5", nonce: "more", blocks: text("and blue?") });
    await clock.pass(1_000);
    expect(names(seller)).toEqual(["U_5", "U_4", "U_3"]);
  });

  test("what is pinned stands first, also what no page has brought yet, and goes back to its place", async () => {
    const seller = await inbox();
    setFlag("c1", "pin", true); // by another device, say
    await seller.inbox.reload();
    await clock.pass(1_000);
    expect(names(seller)).toEqual(["U_1", "U_5", "U_4", "U_3"]);
    server.store("U_6", { product: "1", nonce: "m", blocks: text("I am new") });
    await clock.pass(1_000);
    expect(names(seller)).toEqual(["U_1", "U_6", "U_5", "U_4", "U_3"]);
    setFlag("c4", "pin", true); // the last of the page has its place by time there
    await seller.inbox.reload();
    await clock.pass(1_000);
    server.store("U_7", { product: "1", nonce: "m", blocks: text("I am new, too") });
    await clock.pass(1_000);
    expect(names(seller)).toContain("U_7");
    setFlag("c4", "pin", false);
    await clock.pass(1_000);
    seller.inbox.setFilter("unread"); // where it has its place by time
    await clock.pass(1_000);
    expect(names(seller)).not.toContain("U_1");
    seller.inbox.setFilter("all");
    await clock.pass(1_000);
    setFlag("c1", "pin", false);
    await clock.pass(1_000);
    expect(names(seller).at(-1)).toBe("U_1");
  });

  test("what is muted does not count, and is listed all the same", async () => {
    const seller = await inbox();
    setFlag("c5", "mute", true);
    await clock.pass(1_000);
    expect(seller.unread.peek()).toEqual({ conversations: 4, messages: 4 });
    server.store("U_5", { conversation: "c5", nonce: "m", blocks: text("hello?") });
    await clock.pass(1_000);
    expect(seller.unread.peek()).toEqual({ conversations: 4, messages: 4 });
    expect(names(seller)[0]).toBe("U_5");
    setFlag("c5", "mute", false);
    await clock.pass(1_000);
    expect(seller.unread.peek()).toEqual({ conversations: 5, messages: 6 });
  });

  test("what is marked counts as unread until it is read on or written to", async () => {
    const seller = await inbox();
    const { messages } = seller.unread.peek();
    for (const id of ["c5", "c4"]) {
      seller.thread(id).markRead(1);
      await clock.pass(1_000);
      setFlag(id, "mark", true);
    }
    expect(seller.unread.peek()).toEqual({ conversations: 5, messages: messages - 2 });
    seller.inbox.setFilter("unread");
    await clock.pass(1_000);
    expect(names(seller)).toEqual(["U_5", "U_4", "U_3"]);
    server.store("U_5", { conversation: "c5", nonce: "m", blocks: text("hello?") });
    await clock.pass(1_000);
    look(seller.thread("c5"));
    await clock.pass(1_000);
    seller.thread("c5").markRead(2);
    seller.thread("c4").send(text("an answer"));
    await clock.pass(1_000);
    expect(names(seller)).toEqual(["U_3"]);
    expect(seller.unread.peek()).toEqual({ conversations: 3, messages: messages - 2 });
  });

  test("searches once the typing rests, and takes no answer of an earlier search", async () => {
    const seller = await inbox();
    const before = server.requests.length;
    seller.inbox.setSearch("U");
    seller.inbox.setSearch("U_2");
    await clock.pass(1_000);
    expect(names(seller)).toEqual(["U_2"]);
    expect(server.requests.slice(before).filter((r) => r.includes("search"))).toHaveLength(1);
  });

  test("what is searched for is narrowed at once, and left again without a question", async () => {
    const seller = await inbox();
    await seller.inbox.loadMore();
    seller.inbox.setSearch("U_5");
    expect(names(seller)).toEqual(["U_5"]);
    expect(seller.inbox.state.peek()).toBe("loading");
    await clock.pass(1_000);
    seller.inbox.setSearch("U_3");
    await clock.pass(1_000);
    server.store("U_1", { conversation: "c1", nonce: "m", blocks: text("me again") });
    await clock.pass(1_000);
    expect(names(seller)).toEqual(["U_3"]);
    const before = server.requests.length;
    seller.inbox.setSearch("");
    expect(names(seller)).toEqual(["U_1", "U_5", "U_4", "U_3", "U_2"]);
    await clock.pass(1_000);
    expect(server.requests.length).toBe(before);
  });

  test("a search that fails says so, and a page that fails is asked for again", async () => {
    const seller = await inbox();
    let broken = true;
    server.refuse = () => (broken ? FakeServer.refusal(500, "internal") : undefined);
    await seller.inbox.loadMore();
    expect(names(seller)).toHaveLength(3);
    broken = false;
    await clock.pass(60_000);
    expect(names(seller)).toHaveLength(5);
    broken = true;
    seller.inbox.setSearch("U_5");
    await clock.pass(1_000);
    expect(seller.inbox.state.peek()).toBe("failed");
    expect(names(seller)).toEqual(["U_5"]);
    broken = false;
    await clock.pass(60_000);
    expect(seller.inbox.state.peek()).toBe("ready");
  });

  test("a search does not do away with a list that was still to come", async () => {
    const seller = await inbox();
    seller.inbox.setFilter("unread");
    seller.inbox.setSearch("U_5");
    const before = server.requests.length;
    seller.inbox.setSearch("");
    await clock.pass(1_000);
    // What was under way counts for nothing any more, so it is asked for again.
    expect(server.requests.slice(before).filter((r) => r.includes("filter=unread"))).toHaveLength(2);
    expect(names(seller)).toEqual(["U_5", "U_4", "U_3"]);
    await seller.inbox.loadMore();
    expect(names(seller)).toHaveLength(5);
  });

  test("a page that came meanwhile is not asked for again, and the open row is there after a search", async () => {
    const seller = await inbox();
    let broken = true;
    server.refuse = () => (broken ? FakeServer.refusal(500, "internal") : undefined);
    await seller.inbox.loadMore();
    broken = false;
    await seller.inbox.loadMore();
    const before = server.requests.length;
    await clock.pass(60_000);
    expect(server.requests.slice(before).filter((r) => r.includes("/conversations?"))).toEqual([]);
    seller.inbox.setFilter("unread");
    seller.inbox.keep("c5");
    await clock.pass(1_000);
    seller.thread("c5").markRead(1);
    await clock.pass(2_000);
    seller.inbox.setSearch("U_4");
    await clock.pass(1_000);
    seller.inbox.setSearch("");
    expect(names(seller)).toContain("U_5");
  });

  test("says what arrives, once, and nothing of what was missed", async () => {
    const seller = await inbox();
    const heard: string[] = [];
    undo.push(seller.onArrival(({ message }) => heard.push(message.nonce)));
    server.deliveries = () => 2;
    server.store("U_1", { conversation: "c1", nonce: "live", blocks: text("live") });
    await clock.pass(1_000);
    server.cut();
    server.store("U_1", { conversation: "c1", nonce: "missed", blocks: text("missed") });
    await clock.pass(60_000);
    expect(heard).toEqual(["live"]);
  });

  test("acks what arrived though no thread is open, never over a gap", async () => {
    const seller = await inbox();
    await clock.pass(2_000);
    expect(seller.connection.peek().kind).toBe("online");
    server.store("U_5", { conversation: "c5", nonce: "m2", blocks: text("two") });
    await clock.pass(2_000);
    expect(server.conversations.get("c5")?.at.merchant.delivered).toBe(2);
  });
});

describe("while both are there", () => {
  test("typing shows for five seconds, and ends with the message", async () => {
    const { asking, answering } = await talking();
    asking.typing();
    asking.typing();
    await clock.pass(100);
    expect(answering.peerTyping.peek()).toBe("");
    await clock.pass(5_000);
    expect(answering.peerTyping.peek()).toBeUndefined();
    asking.typing();
    asking.send(text("done"));
    await clock.pass(100);
    expect(answering.peerTyping.peek()).toBeUndefined();
  });

  test("the first unread message stays marked while it is read", async () => {
    const { asking, seller } = await talking();
    const thread = seller.thread("c1");
    thread.markRead(1);
    await clock.pass(1_000);
    for (const fn of undo.splice(1)) fn(); // the seller looks away
    asking.send(text("two"));
    asking.send(text("three"));
    await clock.pass(1_000);
    thread.visit();
    look(thread);
    await clock.pass(100);
    expect(thread.firstUnread.peek()).toBe(2);
    thread.markRead(3);
    await clock.pass(1_000);
    expect(thread.firstUnread.peek()).toBe(2);
  });

  /** A conversation of so many messages, which the seller has read up to one of them. */
  async function longTalk(count: number, read = count) {
    server.store("U_1", { product: "1", nonce: "n1", blocks: text("1") });
    for (let i = 2; i <= count; i++)
      server.store("U_1", { conversation: "c1", nonce: `n${i}`, blocks: text(`${i}`) });
    server.mark("V_1", "read", "c1", read);
    server.pageSize = 50;
    const thread = started(new FakeDevice(server, "V_1")).thread("c1");
    look(thread);
    await clock.pass(2_000);
    const seqs = () => thread.entries.peek().map((e) => (e.kind === "message" ? e.message.seq : 0));
    return { thread, seqs, ends: () => [seqs()[0], seqs().at(-1)] };
  }

  test("an older page comes before what is there, which stays the same objects: nothing is drawn anew", async () => {
    const { thread, ends } = await longTalk(1_000);
    const newest = thread.entries.peek();
    await thread.loadOlder();
    expect(ends()).toEqual([901, 1_000]);
    expect(
      thread.entries
        .peek()
        .slice(50)
        .every((entry, i) => entry === newest[i]),
    ).toBe(true);
  });

  test("a message far back is gone to without what lies between, and the newest is met by reading on", async () => {
    const { thread, seqs, ends } = await longTalk(1_000);
    const before = server.requests.length;
    await thread.showAround(840);
    await clock.pass(1_000);
    expect(server.requests.slice(before)).toHaveLength(1);
    expect(ends()).toEqual([815, 864]);
    expect(thread.hasNewer.peek()).toBe(true);

    server.store("U_1", { conversation: "c1", nonce: "meanwhile", blocks: text("meanwhile") });
    await clock.pass(30_000);
    expect(ends()).toEqual([815, 864]);
    await thread.loadNewer();
    expect(ends()).toEqual([815, 914]);
    await thread.loadNewer();
    await thread.loadNewer();
    await clock.pass(1_000);
    expect(thread.hasNewer.peek()).toBe(false);
    expect(seqs()).toEqual(Array.from({ length: 1_001 - 814 }, (_, i) => 815 + i));
    server.store("U_1", { conversation: "c1", nonce: "live", blocks: text("and live again") });
    await clock.pass(1_000);
    expect(lines(thread).at(-1)).toBe("< and live again");
  });

  test("a thread opens where its unread begins, however far back, and nothing is read by that", async () => {
    const { thread, ends } = await longTalk(1_000, 700);
    expect(thread.firstUnread.peek()).toBe(701);
    expect(ends()).toEqual([676, 725]);
    expect(thread.conversation.peek()?.unread).toBe(300);
    thread.markRead(725);
    await clock.pass(1_000);
    expect(thread.conversation.peek()?.unread).toBe(275);
    await thread.showNewest();
    await clock.pass(1_000);
    expect(ends()).toEqual([951, 1_000]);
  });

  test("a thread opens where its unread begins, however much one wrote oneself before that", async () => {
    server.store("U_1", { product: "1", nonce: "hello", blocks: text("hello") });
    server.mark("V_1", "read", "c1", 1);
    const write = (sender: string, count: number): void => {
      for (let i = 0; i < count; i++)
        server.store(sender, { conversation: "c1", nonce: `${sender} ${i}`, blocks: text(`${i}`) });
    };
    write("V_1", 120); // from the shop's backend, which reads nothing
    write("U_1", 80);
    server.pageSize = 50;
    const thread = started(new FakeDevice(server, "V_1")).thread("c1");
    look(thread);
    await clock.pass(2_000);
    expect(thread.firstUnread.peek()).toBe(122);
    expect(thread.hasNewer.peek()).toBe(true);
  });

  test("what comes while nobody looks is new from its first message on, until the next visit", async () => {
    const { thread } = await longTalk(20);
    expect(thread.firstUnread.peek()).toBeUndefined();
    thread.attend(false);
    for (const nonce of ["a", "b", "c"])
      server.store("U_1", { conversation: "c1", nonce, blocks: text(nonce) });
    await clock.pass(1_000);
    expect(thread.firstUnread.peek()).toBe(21);
    thread.attend(true);
    thread.markRead(23);
    server.store("U_1", { conversation: "c1", nonce: "seen", blocks: text("seen at once") });
    await clock.pass(1_000);
    expect(thread.firstUnread.peek()).toBe(21);
    thread.markRead(24);
    thread.attend(false);
    server.store("U_1", { conversation: "c1", nonce: "later", blocks: text("later") });
    await clock.pass(1_000);
    expect(thread.firstUnread.peek()).toBe(25);
    thread.visit();
    expect(thread.firstUnread.peek()).toBe(25);
  });

  test("what came while the connection was away is new, too", async () => {
    const { thread } = await longTalk(20);
    thread.markRead(20);
    server.cut();
    for (const nonce of ["a", "b"]) server.store("U_1", { conversation: "c1", nonce, blocks: text(nonce) });
    await clock.pass(60_000);
    expect(lines(thread).at(-1)).toBe("< b");
    expect(thread.firstUnread.peek()).toBe(21);
  });

  test("unread messages within the newest page need no other", async () => {
    const { thread, ends } = await longTalk(1_000, 950);
    expect(ends()).toEqual([951, 1_000]);
    expect(thread.firstUnread.peek()).toBe(951);
    expect(thread.hasNewer.peek()).toBe(false);
  });

  test("the first unread message stays the first one, however far back it is gone to, until the next visit", async () => {
    const { thread } = await longTalk(1_000, 960);
    expect(thread.firstUnread.peek()).toBe(961);
    thread.markRead(1_000);
    await clock.pass(1_000);
    await thread.showAround(1);
    await clock.pass(1_000);
    expect(thread.readAtOpening).toBe(960);
    expect(thread.firstUnread.peek()).toBeUndefined();
    await thread.showNewest();
    await clock.pass(1_000);
    expect(thread.firstUnread.peek()).toBeUndefined();
    thread.visit();
    expect(thread.readAtOpening).toBeUndefined();
  });

  test("a message of a conversation that nobody has opened yet is gone to at once", async () => {
    await longTalk(1_000);
    const thread = started(new FakeDevice(server, "V_1")).thread("c1");
    const going = thread.showAround(840);
    look(thread);
    await clock.pass(2_000);
    await going;
    const seqs = thread.entries.peek().map((e) => (e.kind === "message" ? e.message.seq : 0));
    expect([seqs[0], seqs.at(-1)]).toEqual([815, 864]);
  });

  test("a message that is there is gone to without asking, and sending leads back to the newest", async () => {
    const { thread, ends } = await longTalk(1_000);
    const before = server.requests.length;
    await thread.showAround(990);
    expect(server.requests.slice(before)).toEqual([]);
    expect(ends()[1]).toBe(1_000);

    await thread.showAround(2);
    await clock.pass(1_000);
    expect(ends()).toEqual([1, 26]);
    thread.send(text("I found it"));
    await clock.pass(1_000);
    expect(lines(thread).at(-1)).toMatch(/^I found it/);
    expect(ends()[0]).toBeGreaterThan(900);
    expect(thread.hasNewer.peek()).toBe(false);
  });

  test("a connection that comes back while one is far back changes nothing there", async () => {
    const { thread } = await longTalk(1_000);
    await thread.showAround(20);
    await clock.pass(1_000);
    const shown = lines(thread);
    server.cut();
    server.store("U_1", { conversation: "c1", nonce: "missed", blocks: text("missed") });
    await clock.pass(60_000);
    expect(lines(thread)).toEqual(shown);
    await thread.showNewest();
    await clock.pass(1_000);
    expect(lines(thread).at(-1)).toBe("< missed");
  });

  test("pictures are asked for together, and again before their URLs end", async () => {
    const { buyer } = await talking();
    const before = server.requests.length;
    for (const file of ["a", "b", "c"]) undo.push(buyer.pictureUrl(file).subscribe(() => undefined));
    await clock.pass(1_000);
    expect(server.requests.slice(before)).toEqual(["POST /v1/files/urls"]);
    expect(buyer.pictureUrl("b").peek()).toEqual({ url: "/f/b", thumb: "/t/b" });
    await clock.pass(86_400_000);
    expect(server.requests.slice(before).filter((r) => r.includes("files"))).toHaveLength(2);
  });
});

test("whatever the network does, both end with what the server has", { timeout: 60_000 }, async () => {
  const from = Math.floor(Date.now() / 1000);
  for (let seed = from; seed < from + 25; seed++) await storm(seed);
});

/** Two people talk through a network that loses, doubles and cuts; then it calms down. */
async function storm(seed: number): Promise<void> {
  stage = new Stage();
  ({ clock, server, undo } = stage);
  const random = seeded(seed);
  const phone = new FakeDevice(server, "U_1");
  const buyer = started(phone, random);
  const seller = started(new FakeDevice(server, "V_1"), random);
  const asking = await about(buyer, "1");
  asking.send(text("hello"));
  await clock.pass(1_000);
  const answering = seller.thread("c1");
  look(answering);
  server.deliveries = () => Math.floor(random() * 3);
  server.loseAnswer = () => random() < 0.05;
  for (let step = 0; step < 60; step++) {
    await doSomething(random() < 0.5 ? asking : answering, `${seed} ${step}`, random);
    // The phone moves between networks, of which some block WebSockets.
    if (random() < 0.2)
      phone.sockets = (["open", "refused", "swallowed"] as const)[Math.floor(random() * 3)] ?? "open";
    if (random() < 0.2) buyer.wake();
    await clock.pass(random() * 3_000);
  }
  server.deliveries = () => 1;
  server.loseAnswer = () => false;
  await clock.pass(120_000);
  await seesTheTruth(asking, "buyer", `seed ${seed}, buyer`);
  await seesTheTruth(answering, "merchant", `seed ${seed}, seller`);
  stage.end();
}

async function doSomething(thread: Thread, words: string, random: () => number): Promise<void> {
  const what = random();
  if (what < 0.5) thread.send(text(words));
  else if (what < 0.6) server.cut(random() < 0.5 ? "U_1" : "V_1");
  else if (what < 0.75) thread.markRead(thread.conversation.peek()?.last_seq ?? 0);
  else if (what < 0.85) await recallOne(thread, random);
}

async function seesTheTruth(thread: Thread, side: "buyer" | "merchant", who: string): Promise<void> {
  const stored = server.conversations.get("c1");
  if (stored === undefined) throw new Error("no conversation");
  while (thread.hasOlder.peek()) await thread.loadOlder();
  const essence = (m: Message) => [m.seq, m.nonce, said(m), m.recalled_at !== undefined];
  const seen = thread.entries.peek().map((e) => (e.kind === "message" ? essence(e.message) : e.tick));
  expect(seen, who).toEqual(stored.messages.map(essence));
  expect(new Set(stored.messages.map((m) => `${m.sender} ${m.nonce}`)).size, who).toBe(seen.length);
  const [truth, known] = [server.view(stored, side), thread.conversation.peek()];
  expect(known?.unread, who).toBe(truth.unread);
  // What its own side has received is no news to a side: nobody tells it.
  const [mine, theirs] =
    side === "buyer" ? (["buyer_at", "merchant_at"] as const) : (["merchant_at", "buyer_at"] as const);
  expect(known?.[mine].read, who).toBe(truth[mine].read);
  expect(known?.[theirs], who).toEqual(truth[theirs]);
}

async function recallOne(thread: Thread, random: () => number): Promise<void> {
  const mine = thread.entries.peek().filter((entry) => entry.kind === "message" && entry.mine);
  const entry = mine[Math.floor(random() * mine.length)];
  const recalled = entry?.kind === "message" ? thread.recall(entry.message.seq) : undefined;
  await clock.pass(20_000);
  await recalled;
}
