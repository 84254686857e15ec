import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FakeClock } from "../client/testing.ts";
import { FakeServer } from "../client/testing-server.ts";
import { createHaggle, type Haggle } from "./haggle.ts";
import { FakeUni } from "./testing.ts";
import type { Thread } from "./thread.ts";
import { claimsOf } from "./token.ts";

let clock: FakeClock;
let server: FakeServer;
let uni: FakeUni;
let apps: Haggle[];
let chance: () => number;

beforeEach(() => {
  clock = new FakeClock();
  server = new FakeServer(clock);
  uni = new FakeUni(server);
  apps = [];
  chance = numbers(1);
});

afterEach(() => {
  for (const app of apps) app.stop();
});

/** Numbers from 0 to 1, by mulberry32. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A token that the server in memory reads as well. */
function signed(uid: string, seconds = 3_600): string {
  const claims = Buffer.from(JSON.stringify({ sub: uid, name: "小明", iat: 1_000, exp: 1_000 + seconds }));
  return `${uid} ${++server.tokens}.${claims.toString("base64url")}.x`;
}

function started(user = "U_1", token = async (): Promise<string | null> => signed(user)): Haggle {
  const app = createHaggle({ url: "https://chat.example/", user, token }, { uni, clock, random: chance });
  apps.push(app);
  app.start();
  return app;
}

async function about(app: Haggle, product = "1"): Promise<Thread> {
  const asked = app.about(product);
  await clock.pass(100);
  const { thread } = await asked;
  await clock.pass(1_000);
  return thread;
}

const seller = (text: string, conversation = "c1") =>
  server.store("V_1", { conversation, nonce: `v-${text}`, blocks: [{ type: "text", text }] });
const stored = (): unknown[] =>
  [...server.conversations.values()].flatMap((c) => c.messages.map((m) => [m.sender, m.blocks]));
const said = (text: string) => [{ type: "text", text }];
const shown = (thread: Thread): string[] =>
  thread.messages.map(({ blocks: [block] }) => (block?.type === "text" ? block.text : ""));
const noted = (key: string) => uni.storage.get(key) ?? "";

describe("a buyer in an app", () => {
  test("asks about a product, is answered, and both are there once and in order", async () => {
    const app = started();
    const thread = await about(app);
    expect([uni.connected[0], thread.id, thread.messages]).toEqual([
      { url: "wss://chat.example/v1/ws", protocols: ["haggle.v1"] },
      undefined,
      [],
    ]);
    thread.send("is it new?");
    expect(thread.waiting.map(({ blocks }) => blocks)).toEqual([said("is it new?")]);
    await clock.pass(1_000);
    seller("it is");
    await clock.pass(1_000);
    expect([thread.id, thread.waiting, shown(thread)]).toEqual(["c1", [], ["is it new?", "it is"]]);
    expect(thread.conversation?.product?.id).toBe("1");
  });

  test("goes on with the conversation there is, and loads what is older when asked", async () => {
    server.store("U_1", { product: "1", nonce: "n0", blocks: [{ type: "text", text: "0" }] });
    for (let i = 1; i < 12; i++) seller(`${i}`);
    const thread = await about(started());
    expect([shown(thread), thread.hasOlder]).toEqual([["7", "8", "9", "10", "11"], true]);
    for (const page of [10, 12]) {
      const older = thread.older();
      await clock.pass(100);
      await older;
      expect(thread.messages.length).toBe(page);
    }
    expect([shown(thread)[0], thread.hasOlder]).toEqual(["0", false]);
  });

  test("who opens a conversation by itself leaves it about what it is", async () => {
    server.store("U_1", { product: "1", nonce: "n0", blocks: [{ type: "text", text: "0" }] });
    const app = started();
    const opening = app.thread("c1");
    await clock.pass(1_000);
    const thread = await opening;
    server.store("U_1", { product: "12", nonce: "n1", blocks: [{ type: "text", text: "about another" }] });
    thread.send("go on");
    await clock.pass(1_000);
    expect(server.conversations.get("c1")?.product).toBe("12");
  });

  test("is told of a message once, of marks and of recalls", async () => {
    const app = started();
    const thread = await about(app);
    thread.send("hello");
    await clock.pass(1_000);
    const heard: string[] = [];
    app.on("message", ({ seq }) => heard.push(`message ${seq}`));
    app.on("read", ({ side }) => heard.push(`read by ${side}`));
    app.on("recall", ({ seq }) => heard.push(`recall ${seq}`));
    server.deliveries = () => 0;
    const late = seller("hi").message;
    server.deliveries = () => 2;
    seller("there");
    server.deliveries = () => 1;
    server.say("U_1", { message: { pos: 0, message: late } }); // overtaken
    server.mark("V_1", "read", "c1", 1);
    server.recall("V_1", "c1", 2);
    expect(heard).toEqual(["message 3", "message 2", "read by merchant", "recall 2"]);
  });

  test("with another product in the same shop says once that it is about that now", async () => {
    const app = started();
    (await about(app, "1")).send("one");
    await clock.pass(1_000);
    const thread = await about(app, "12");
    thread.send("two");
    await clock.pass(1_000);
    expect([server.conversations.size, server.conversations.get("c1")?.product]).toEqual([1, "12"]);
    expect([thread.id, shown(thread)]).toEqual(["c1", ["one", "two"]]);
  });

  test("is told where a picture can be fetched, by its whole address", async () => {
    const app = started();
    const asked = app.files(["f1"]);
    await clock.pass(100);
    expect((await asked)["f1"]).toMatchObject({
      url: "https://chat.example/f/f1",
      thumb: "https://chat.example/t/f1",
    });
  });

  test("is told of typing, presence and pushes, and tells of its own typing not too often", async () => {
    const app = started();
    const thread = await about(app);
    thread.send("hello");
    await clock.pass(1_000);
    const heard: unknown[] = [];
    for (const name of ["typing", "presence", "push"] as const) app.on(name, (what) => heard.push(what));
    const off = app.on("push", () => heard.push("once more"));
    off();
    server.say("U_1", { typing: { conversation: "c1", uid: "V_1" } });
    server.say("U_1", { presence: { uids: { V_1: "online" } } });
    server.say("U_1", { push: { payload: { paid: true } } });
    expect(heard).toEqual([{ conversation: "c1", uid: "V_1" }, { V_1: "online" }, { paid: true }]);
  });
});

describe("what an app sends", () => {
  test("waits without a network, in its order, and is sent once", async () => {
    const app = started();
    const thread = await about(app);
    uni.network(false);
    server.cut();
    for (const text of ["one", "two", "three"]) thread.send(text);
    await clock.pass(60_000);
    expect([app.state, stored()]).toEqual(["offline", []]);
    uni.network(true);
    await clock.pass(1_000);
    expect([app.state, shown(thread), thread.waiting]).toEqual(["online", ["one", "two", "three"], []]);
    expect(stored().length).toBe(3);
  });

  test("is still sent when the app was ended meanwhile, and to nobody else's account", async () => {
    const app = started();
    const thread = await about(app);
    uni.network(false);
    server.cut();
    thread.send("from the lift");
    await clock.pass(1_000);
    app.stop();
    uni.network(true);
    started("U_2");
    await clock.pass(60_000);
    expect(stored()).toEqual([]);
    const again = await about(started());
    expect([stored(), shown(again)]).toEqual([[["U_1", said("from the lift")]], ["from the lift"]]);
    expect(noted("haggle.U_1")).toBe("");
  });

  test("is stored once when the answer to it was lost", async () => {
    const thread = await about(started());
    let lost = 0;
    server.loseAnswer = (frame) => "send" in frame && lost++ < 2;
    thread.send("once");
    await clock.pass(60_000);
    expect([lost, stored(), shown(thread), thread.waiting]).toEqual([
      3,
      [["U_1", said("once")]],
      ["once"],
      [],
    ]);
  });

  test("is sent when the device can keep nothing, as long as the app lives", async () => {
    uni.full = true;
    const thread = await about(started());
    thread.send("kept nowhere");
    await clock.pass(1_000);
    expect([stored().length, thread.waiting]).toEqual([1, []]);
  });

  test("is tried again after what passes, and later ones do not overtake it", async () => {
    const thread = await about(started());
    let refusals = 0;
    server.refuse = (what) =>
      what.startsWith("send") && refusals++ < 3 ? FakeServer.refusal(503, "busy", 2_000) : undefined;
    thread.send("first");
    thread.send("second");
    await clock.pass(1_500);
    expect(refusals).toBe(1); // not sooner than it said
    await clock.pass(60_000);
    expect(shown(thread)).toEqual(["first", "second"]);
  });

  test("stays with its failure when it is refused for good, lets others pass, and goes out when asked", async () => {
    const thread = await about(started());
    let refused = true;
    server.refuse = (what) =>
      refused && what.startsWith("send") ? FakeServer.refusal(403, "blocked") : undefined;
    const nonce = thread.send("hello?");
    await clock.pass(1_000);
    expect(thread.waiting[0]?.failure?.code).toBe("blocked");
    refused = false;
    thread.send("and this");
    await clock.pass(1_000);
    expect(shown(thread)).toEqual(["and this"]);
    apps[0]?.again(nonce);
    await clock.pass(1_000);
    expect([shown(thread), thread.waiting]).toEqual([["and this", "hello?"], []]);
  });

  test("can be given up", async () => {
    const thread = await about(started());
    server.refuse = (what) => (what.startsWith("send") ? FakeServer.refusal(403, "blocked") : undefined);
    const nonce = thread.send("never mind");
    await clock.pass(1_000);
    apps[0]?.drop(nonce);
    expect([thread.waiting, noted("haggle.U_1")]).toEqual([[], ""]);
  });

  test("uploads its pictures first, one that failed again under the same key", async () => {
    const thread = await about(started());
    let failures = 1;
    server.refuse = (what) =>
      what.startsWith("PUT /v1/files") && failures-- > 0 ? FakeServer.refusal(503, "busy", 10) : undefined;
    thread.send([
      { type: "text", text: "look" },
      { type: "image", path: "wxfile://tmp/1.jpg" },
    ]);
    await clock.pass(60_000);
    const nonce = thread.messages[0]?.nonce;
    expect(uni.uploads).toEqual(Array(2).fill(`wxfile://tmp/1.jpg /v1/files/${nonce}-1`));
    expect(thread.messages[0]?.blocks).toEqual([
      { type: "text", text: "look" },
      { type: "image", image: { file: `file-${nonce}-1`, width: 2, height: 1 } },
    ]);
  });

  test("gives a picture up that cannot be uploaded though there is a network, and not before", async () => {
    const thread = await about(started());
    uni.uploadFile = ({ fail }) => fail({ errMsg: "uploadFile:fail file not found" });
    thread.send([{ type: "image", path: "gone.jpg" }]);
    await clock.pass(200_000);
    expect(thread.waiting[0]?.failure?.code).toBe("offline");
    expect(stored()).toEqual([]);
  });

  test("is not taken for stored when uni-app itself fails, or something between answers", async () => {
    const thread = await about(started());
    const { uploadFile } = uni;
    let tries = 0;
    uni.uploadFile = (options) => {
      tries++;
      if (tries === 1) throw new Error("not that way");
      if (tries === 2) return options.success({ statusCode: 200, data: "null" });
      if (tries === 3) return options.success({ statusCode: 502, data: "<html>" });
      return uploadFile(options);
    };
    thread.send([{ type: "image", path: "1.jpg" }]);
    await clock.pass(60_000);
    expect([tries, thread.messages.length, thread.waiting]).toEqual([4, 1, []]);
    uni.uploadFile = ({ success }) => success({ statusCode: 413, data: "<html>too large</html>" });
    thread.send([{ type: "image", path: "2.jpg" }]);
    await clock.pass(1_000);
    expect(thread.waiting[0]?.failure?.code).toBe("status_413");
  });

  test("waits for the next try when a gateway's own error comes instead", async () => {
    const thread = await about(started());
    let tries = 0;
    uni.uploadFile = ({ success }) => {
      tries++;
      success({ statusCode: 503, data: JSON.stringify({ error: "no healthy upstream" }) });
    };
    thread.send([{ type: "image", path: "1.jpg" }]);
    await clock.pass(1_000);
    expect([tries < 8, thread.waiting.length]).toEqual([true, 1]);
  });

  test("is not sent when it was given up while its picture was on the way", async () => {
    const thread = await about(started());
    let finish: () => void = () => undefined;
    uni.uploadFile = ({ success }) => {
      finish = () => success({ statusCode: 200, data: JSON.stringify({ id: "f1" }) });
    };
    const nonce = thread.send([{ type: "image", path: "1.jpg" }]);
    await clock.pass(100);
    apps[0]?.drop(nonce);
    finish();
    await clock.pass(5_000);
    expect([stored(), thread.waiting]).toEqual([[], []]);
  });

  test("fails when it is too long for a frame, and lets others pass", async () => {
    const thread = await about(started());
    thread.send("长".repeat(22_000));
    thread.send("short");
    await clock.pass(1_000);
    expect([thread.waiting[0]?.failure?.code, shown(thread)]).toEqual(["frame_too_large", ["short"]]);
  });

  test("is shown by a page that was opened while it was being stored", async () => {
    const app = started();
    (await about(app)).send("just now");
    const { request } = uni;
    const answers: (() => void)[] = [];
    uni.request = (options) => {
      if (!options.url.endsWith("/v1/begin")) return request(options);
      // The server looks before it stores.
      const data = { product: server.product("1"), merchant: { uid: "V_1" }, presence: "online" };
      return answers.push(() => options.success({ statusCode: 200, data }));
    };
    const opened = app.about("1");
    await clock.pass(1_000);
    uni.request = request;
    for (const answer of answers) answer();
    await clock.pass(1_000);
    const { thread } = await opened;
    expect([thread.id, shown(thread)]).toEqual(["c1", ["just now"]]);
  });

  test("can be taken back, and says so when it cannot", async () => {
    const thread = await about(started());
    thread.send("oops");
    await clock.pass(1_000);
    const done = thread.recall(1);
    await clock.pass(100);
    await done;
    expect([thread.messages[0]?.recalled_at, thread.messages[0]?.blocks]).toEqual([expect.any(Number), []]);
    seller("mine");
    const refused = expect(thread.recall(2)).rejects.toMatchObject({ code: "not_your_message" });
    await clock.pass(100);
    await refused;
  });
});

/** Both sides write while events come twice or not at all, answers are lost and lines cut. */
async function storm(thread: Thread): Promise<void> {
  server.deliveries = () => Math.floor(chance() * 3);
  server.loseAnswer = () => chance() < 0.05;
  for (let i = 0; i < 25; i++) {
    if (chance() < 0.5) thread.send(`b${i}`);
    else seller(`s${i}`);
    if (chance() < 0.1) server.cut();
    if (chance() < 0.1) server.recall("V_1", "c1", seller(`r${i}`).message.seq);
    await clock.pass(chance() * 2_000);
  }
  server.deliveries = () => 1;
  server.loseAnswer = () => false;
}

describe("what is told", () => {
  test("is complete whatever was lost, doubled or overtaken on the way", async () => {
    for (let seed = 1; seed <= 60; seed++) {
      clock = new FakeClock();
      server = new FakeServer(clock);
      uni = new FakeUni(server);
      chance = numbers(seed);
      const thread = await about(started());
      thread.send("begin");
      await clock.pass(1_000);
      await storm(thread);
      await clock.pass(90_000);
      expect([`seed ${seed}`, thread.messages, thread.waiting]).toEqual([
        `seed ${seed}`,
        server.conversations.get("c1")?.messages,
        [],
      ]);
    }
  });

  test("is not lost to a mark that overtakes it", async () => {
    const thread = await about(started());
    thread.send("hello");
    await clock.pass(1_000);
    const { request } = uni;
    const answers: (() => void)[] = [];
    uni.request = (options) =>
      options.url.includes("/v1/changes")
        ? request({ ...options, success: (answer) => void answers.push(() => options.success(answer)) })
        : request(options);
    server.deliveries = () => 0;
    seller("lost on the way");
    server.deliveries = () => 1;
    server.beat();
    await clock.pass(1_000);
    server.mark("V_1", "read", "c1", 1); // told live, of a later rev than the page that is on its way
    uni.request = request;
    for (const answer of answers) answer();
    await clock.pass(2_000);
    expect(shown(thread)).toEqual(["hello", "lost on the way"]);
  });

  test("of a lost last message shows with the next heartbeat", async () => {
    const thread = await about(started());
    thread.send("hello");
    await clock.pass(1_000);
    server.deliveries = () => 0;
    seller("lost");
    server.deliveries = () => 1;
    await clock.pass(server.heartbeatMs * 2);
    expect(shown(thread)).toEqual(["hello", "lost"]);
  });

  test("a message taken back while the app was away is a gap with its place", async () => {
    const thread = await about(started());
    thread.send("hello");
    await clock.pass(1_000);
    const { seq } = seller("never said").message;
    await clock.pass(1_000);
    uni.network(false);
    server.cut();
    server.recall("V_1", "c1", seq);
    uni.network(true);
    await clock.pass(40_000);
    expect(thread.messages[1]).toMatchObject({ blocks: [], recalled_at: expect.any(Number) });
  });

  test("when the store was restored, everything is loaded anew", async () => {
    const app = started();
    const thread = await about(app);
    thread.send("hello");
    await clock.pass(1_000);
    seller("lost with the store");
    await clock.pass(1_000);
    const reloads: unknown[] = [];
    app.on("reload", () => reloads.push(1));
    server.epoch = "e2";
    server.conversations.get("c1")?.messages.pop();
    server.cut();
    await clock.pass(40_000);
    expect([shown(thread), reloads.length]).toEqual([["hello"], 1]);
  });

  test("of what begins on another device the open page shows", async () => {
    const thread = await about(started());
    server.store("U_1", { product: "1", nonce: "x", blocks: [{ type: "text", text: "from the laptop" }] });
    await clock.pass(2_000);
    expect([thread.id, shown(thread)]).toEqual(["c1", ["from the laptop"]]);
  });

  test("a page that was closed hears nothing more", async () => {
    const thread = await about(started());
    thread.send("hello");
    await clock.pass(1_000);
    thread.close();
    seller("anybody?");
    await clock.pass(40_000);
    expect(shown(thread)).toEqual(["hello"]);
  });
});

describe("marks", () => {
  test("say what has arrived, and what was read, once each", async () => {
    const thread = await about(started());
    thread.send("hello");
    await clock.pass(1_000);
    seller("hi");
    await clock.pass(1_000);
    const at = () => server.conversations.get("c1")?.at.buyer;
    expect(at()).toEqual({ delivered: 2, read: 0 });
    thread.read();
    await clock.pass(1_000);
    expect([at(), thread.conversation?.unread]).toEqual([{ delivered: 2, read: 2 }, 0]);
  });

  test("do not say that what was not loaded has arrived", async () => {
    server.store("U_1", { product: "1", nonce: "n0", blocks: [{ type: "text", text: "0" }] });
    for (let i = 1; i < 12; i++) seller(`${i}`);
    const thread = await about(started());
    expect([thread.messages[0]?.seq, server.conversations.get("c1")?.at.buyer.delivered]).toEqual([8, 0]);
  });

  test("that come in another order than they were made only move forward", async () => {
    const thread = await about(started());
    thread.send("hello");
    await clock.pass(1_000);
    const rev = thread.conversation?.rev ?? 0;
    const told = (side: string, seq: number, at: number) =>
      server.say("U_1", { read: { conversation: "c1", rev: at, side, seq, unread: 0 } });
    told("buyer", 1, rev + 2);
    told("merchant", 1, rev + 1);
    told("merchant", 0, rev + 3);
    const { conversation } = thread;
    expect([conversation?.buyer_at.read, conversation?.merchant_at.read]).toEqual([1, 1]);
  });

  test("that were lost with their connection are made good by the next", async () => {
    const app = started();
    const thread = await about(app);
    thread.send("hello");
    await clock.pass(1_000);
    seller("hi");
    await clock.pass(1_000);
    server.loseAnswer = (frame) => "read" in frame;
    const before = server.mark;
    server.mark = () => undefined; // the server ends before it has kept it
    thread.read();
    await clock.pass(100);
    server.mark = before;
    server.loseAnswer = () => false;
    await clock.pass(40_000);
    expect(server.conversations.get("c1")?.at.buyer.read).toBe(2);
  });
});

describe("the connection", () => {
  test("is there again at once when the app comes back from a long sleep", async () => {
    const app = started();
    const thread = await about(app);
    thread.send("hello");
    await clock.pass(1_000);
    uni.frozen = true;
    seller("are you there?");
    clock.sleep(600_000);
    uni.show();
    await clock.pass(500);
    expect([app.state, shown(thread)]).toEqual(["online", ["hello", "are you there?"]]);
  });

  test("after a short sleep is asked whether it still holds, and given up when it does not answer", async () => {
    const app = started();
    await about(app);
    const before = uni.connected.length;
    uni.frozen = true;
    clock.sleep(8_000);
    uni.show();
    await clock.pass(5_000);
    expect([app.state, uni.connected.length]).toEqual(["online", before]); // it answered
    server.beating = false;
    for (const session of server.sessions) session.alive = false;
    uni.show();
    await clock.pass(6_000);
    expect([app.state, uni.connected.length]).toEqual(["online", before + 1]);
  });

  test("that says nothing for a heartbeat and a half is given up for another", async () => {
    const app = started();
    await about(app);
    const states: string[] = [];
    app.on("state", (state) => {
      states.push(state);
      uni.frozen = false;
    });
    uni.frozen = true;
    await clock.pass(server.heartbeatMs * 1.5 + 10_000);
    expect([states, uni.connected.length]).toEqual([["offline", "online"], 2]);
  });

  test("comes back not sooner than the server has said", async () => {
    started();
    await clock.pass(1_000);
    server.say("U_1", { bye: { code: "shutdown", message: "", retry_after_ms: 5_000 } });
    uni.show();
    await clock.pass(4_900);
    expect(uni.connected.length).toBe(1);
    await clock.pass(2_000);
    expect(uni.connected.length).toBe(2);
  });

  test("takes another token when the server has refused one, on the socket and for requests", async () => {
    let refused = 0;
    server.refuse = (what) =>
      what === "hello" && refused++ === 0 ? FakeServer.refusal(401, "token_expired") : undefined;
    const app = started();
    await clock.pass(1_000);
    server.cut(); // as it does after a refused hello
    await clock.pass(30_000);
    expect(app.state).toBe("online");
    const before = server.tokens;
    let requests = 0;
    server.refuse = (what) =>
      what.startsWith("GET") && requests++ === 0 ? FakeServer.refusal(401, "token_expired") : undefined;
    const page = app.conversations();
    await clock.pass(100);
    expect([await page, server.tokens]).toEqual([{ conversations: [] }, before + 1]);
  });

  test("ends with nobody signed in where the shop gives no token, or the same refused one again", async () => {
    const nobody = started("U_1", async () => null);
    await clock.pass(1_000);
    expect(nobody.state).toBe("signed_out");
    server.refuse = (what) => (what === "hello" ? FakeServer.refusal(401, "token_invalid") : undefined);
    const token = signed("U_1");
    const same = started("U_1", async () => token);
    await clock.pass(1_000);
    server.cut();
    await clock.pass(30_000);
    expect(same.state).toBe("signed_out");
    expect(uni.connected.length).toBe(1);
  });

  test("as somebody else than the app thinks ends it: what waits is not theirs", async () => {
    uni.storage.set(
      "haggle.U_1",
      JSON.stringify([{ nonce: "n1", product: "1", merchant: "V_1", blocks: said("mine"), at: 1, tries: 0 }]),
    );
    const app = started("U_1", async () => signed("U_2"));
    const refused = expect(app.about("1")).rejects.toMatchObject({ code: "token_missing" });
    await clock.pass(60_000);
    await refused;
    expect([app.state, stored(), uni.connected]).toEqual(["signed_out", [], []]);
  });

  test("without a network to get a token with is tried again", async () => {
    let away = true;
    const app = started("U_1", async () => {
      if (away) throw new Error("request:fail");
      return signed("U_1");
    });
    await clock.pass(3_000);
    expect(app.state).toBe("offline");
    away = false;
    await clock.pass(30_000);
    expect(app.state).toBe("online");
  });

  test("is renewed before its token ends, and holds", async () => {
    const app = started();
    await clock.pass(3_600_000 * 0.7);
    expect([app.state, uni.connected.length, server.tokens]).toEqual(["online", 1, 2]);
  });

  test("does not wait for a token for ever", async () => {
    let asked = 0;
    const never = new Promise<string>(() => undefined);
    const app = started("U_1", () => (asked++ === 0 ? never : Promise.resolve(signed("U_1"))));
    await clock.pass(30_000);
    expect(app.state).toBe("online");
  });

  test("that is let in and sent away at once is tried ever more seldom", async () => {
    started();
    for (let i = 0; i < 60; i++) {
      await clock.pass(1_000);
      server.say("U_1", { bye: { code: "unavailable", message: "" } });
    }
    expect(uni.connected.length).toBeLessThan(15);
  });

  test("of too many comes back when the user does", async () => {
    const app = started();
    await clock.pass(10_000);
    server.say("U_1", { bye: { code: "too_many_sockets", message: "" } });
    await clock.pass(120_000);
    expect([app.state, uni.connected.length]).toEqual(["offline", 1]);
    uni.show();
    await clock.pass(1_000);
    expect(app.state).toBe("online");
  });

  test("that was stopped asks for nothing and keeps nothing any more", async () => {
    const app = started();
    const thread = await about(app);
    thread.send("hello");
    await clock.pass(1_000);
    server.refuse = (what) => (what.startsWith("GET") ? FakeServer.refusal(500, "internal") : undefined);
    server.deliveries = () => 0;
    seller("a gap");
    server.deliveries = () => 1;
    seller("behind it");
    await clock.pass(2_000);
    let late: () => void = () => undefined;
    uni.uploadFile = ({ success }) => {
      late = () => success({ statusCode: 200, data: JSON.stringify({ id: "f1" }) });
    };
    thread.send([{ type: "image", path: "1.jpg" }]);
    await clock.pass(10);
    app.stop();
    const [requests, kept] = [server.requests.length, noted("haggle.U_1")];
    uni.storage.set("haggle.U_1", "of another client");
    late();
    await clock.pass(3_600_000);
    expect([server.requests.length, noted("haggle.U_1")]).toEqual([requests, "of another client"]);
    server.refuse = () => undefined;
    uni.storage.set("haggle.U_1", kept);
    app.start();
    await clock.pass(5_000);
    expect(shown(thread).slice(0, 3)).toEqual(["hello", "a gap", "behind it"]);
  });

  test("started twice listens once", async () => {
    const app = started();
    app.start();
    await clock.pass(1_000);
    expect(uni.listening).toBe(2); // to the app, and to its network
    app.stop();
    uni.show();
    uni.network(true);
    await clock.pass(60_000);
    expect([app.state, uni.connected.length, uni.listening]).toEqual(["offline", 1, 0]);
  });

  test("goes its way whatever the page's own code throws", async () => {
    const app = started();
    const thread = await about(app);
    const thrown = (): never => {
      throw new Error("the page's own");
    };
    thread.changed = thrown;
    for (const name of ["state", "message"] as const) app.on(name, thrown);
    thread.send("hello");
    await expect(clock.pass(1_000)).rejects.toThrow("the page's own"); // so that its developer hears of it
    for (let i = 0; i < 20; i++) await clock.pass(1_000).catch(() => undefined);
    server.cut();
    for (let i = 0; i < 20; i++) await clock.pass(1_000).catch(() => undefined);
    expect([app.state, shown(thread), stored().length]).toEqual(["online", ["hello"], 1]);
  });

  test("that is started once more goes on sending what waits", async () => {
    const app = started();
    const thread = await about(app);
    let busy = true;
    server.refuse = (what) =>
      busy && what.startsWith("send") ? FakeServer.refusal(503, "busy", 3_000) : undefined;
    thread.send("hello");
    await clock.pass(500);
    busy = false;
    app.start();
    await clock.pass(30_000);
    expect(shown(thread)).toEqual(["hello"]);
  });

  test("tells whoever listens last the latest, too", async () => {
    const app = started();
    await about(app);
    const heard: string[] = [];
    app.on("state", (state) => {
      if (state !== "offline") return;
      app.stop();
      app.start();
    });
    app.on("state", (state) => heard.push(state));
    server.cut();
    await clock.pass(5_000);
    expect([heard, uni.listening]).toEqual([["connecting", "online"], 2]);
  });

  test("that ends while it is told of what was missed tells no more, and asks for no more", async () => {
    const app = started();
    for (const [i, product] of ["1", "2", "3", "4", "5"].entries())
      server.store("U_1", { product, nonce: `n${i}`, blocks: [{ type: "text", text: "0" }] });
    await clock.pass(5_000);
    uni.network(false);
    server.cut();
    for (const id of ["c1", "c2", "c3", "c4", "c5"]) server.recall("U_1", id, 1);
    let told = 0;
    app.on("conversation", () => {
      told++;
      app.stop();
    });
    const before = server.requests.length;
    uni.network(true);
    await clock.pass(60_000);
    expect([told, server.requests.length]).toEqual([1, before]);
  });

  test("renews a token by when it came, not by when the line did", async () => {
    const app = started();
    await clock.pass(3_600_000 * 0.6);
    server.cut();
    await clock.pass(3_600_000 * 0.1);
    expect([app.state, server.tokens]).toEqual(["online", 2]);
  });

  test("can be ended from within what it tells", async () => {
    const app = started();
    await about(app);
    app.on("state", (state) => {
      if (state === "offline") app.stop();
    });
    server.cut();
    await clock.pass(60_000);
    expect([app.state, uni.connected.length]).toEqual(["offline", 1]);
  });

  test("watches whom it watched before", async () => {
    const app = started();
    await clock.pass(1_000);
    const watched: unknown[] = [];
    const before = server.loseAnswer;
    server.loseAnswer = (frame) => {
      if ("watch" in frame) watched.push(frame.watch.uids);
      return before(frame);
    };
    app.watch(["V_1"]);
    server.cut();
    await clock.pass(30_000);
    expect(watched).toEqual([["V_1"], ["V_1"]]);
  });
});

test("a token says whose it is and how long it is good for, whatever the names in it", () => {
  for (const name of ["", "a", "ab", "小明", '"exp":1']) {
    const claims = Buffer.from(JSON.stringify({ name, sub: "U_1", iat: 1_763_935_200, exp: 1_763_938_800 }));
    const read = claimsOf(`h.${claims.toString("base64url")}.s`);
    expect(read).toMatchObject({ sub: "U_1", iat: 1_763_935_200, exp: 1_763_938_800 });
  }
  for (const none of ["", "no token", "a.b.c"]) expect(claimsOf(none)).toEqual({ iat: 0, exp: 0 });
});
