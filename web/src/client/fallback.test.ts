import { effect } from "@preact/signals-core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Client, Thread } from "./api.ts";
import { Tries } from "./fallback.ts";
import { type FakeClock, seeded } from "./testing.ts";
import { FakeDevice, FakeServer } from "./testing-server.ts";
import { Stage, text } from "./testing-stage.ts";

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

/** The texts of a thread, with how each of one's own stands. */
function lines(thread: Thread): string[] {
  return thread.entries.peek().map((entry) => {
    const blocks = entry.kind === "outgoing" ? entry.pieces : entry.message.blocks;
    const words = blocks.map((block) => (block.type === "text" ? block.text : block.type)).join("+");
    return entry.kind === "outgoing" || entry.mine ? `${words} (${entry.tick})` : words;
  });
}

/** Every state that the connection goes through from now on. */
function states(client: Client): string[] {
  const seen: string[] = [];
  stage.undo.push(effect(() => void seen.push(client.connection.value.kind)));
  return seen;
}

const sockets = (): number => device.opened.filter((way) => way === "socket").length;

/** A buyer whose sockets are blocked and who talks all the same. */
async function overFallback() {
  device.sockets = "refused";
  const buyer = stage.started(device);
  await clock.pass(5_000);
  const thread = await stage.about(buyer, "1");
  thread.send(text("hello"));
  await clock.pass(1_000);
  expect(lines(thread)).toEqual(["hello (stored)"]);
  return { buyer, thread };
}

describe("where WebSocket is blocked", () => {
  test("a refused socket costs a moment, and then all goes over the fallback", async () => {
    device.sockets = "refused";
    const buyer = stage.started(device);
    await clock.pass(1_500);
    expect(device.opened).toEqual(["socket", "socket", "fallback"]);
    expect(buyer.connection.peek().kind).toBe("online");
    const thread = await stage.about(buyer, "1");
    thread.send(text("hello"));
    await clock.pass(1_000);
    expect(lines(thread)).toEqual(["hello (stored)"]);
  });

  test("a socket that opens and brings nothing is waited for once", async () => {
    device.sockets = "swallowed";
    const buyer = stage.started(device);
    await clock.pass(11_500);
    expect(device.opened).toEqual(["socket", "fallback"]);
    expect(buyer.connection.peek().kind).toBe("online");
  });

  test("what was found out holds for the page: a lost connection comes back the same way", async () => {
    const { buyer } = await overFallback();
    device.opened.length = 0;
    server.cut();
    await clock.pass(2_000);
    expect(device.opened).toEqual(["fallback"]);
    expect(buyer.connection.peek().kind).toBe("online");
  });

  test("the next page in the tab begins with it, until a socket gets through", async () => {
    const { buyer } = await overFallback();
    buyer.stop();
    device.opened.length = 0;
    stage.started(device);
    await clock.pass(100);
    expect(device.opened).toEqual(["fallback"]);
    device.sockets = "open";
    await clock.pass(40_000);
    device.opened.length = 0;
    stage.started(device);
    await clock.pass(100);
    expect(device.opened).toEqual(["socket"]);
  });

  test("a next page for which the fallback is no way tries a socket", async () => {
    device.blocked = true;
    device.fallback = false;
    const buyer = stage.started(device);
    await clock.pass(2_000);
    expect(device.opened).toEqual(["fallback", "socket"]);
    expect(buyer.connection.peek().kind).toBe("online");
  });

  test("a device without a network is not taken for one whose sockets are blocked", async () => {
    const buyer = stage.started(device);
    await clock.pass(100);
    device.online = false;
    server.cut();
    await clock.pass(600_000);
    expect(device.opened).not.toContain("fallback");
    device.online = true;
    buyer.wake();
    await clock.pass(30_000);
    expect(buyer.connection.peek().kind).toBe("online");
    expect(device.opened).not.toContain("fallback");
  });

  test("a server that does not answer is not taken for blocked sockets", async () => {
    device.sockets = "refused";
    server.refuse = (what) => (what === "GET /healthz" ? FakeServer.refusal(502, "bad_gateway") : undefined);
    stage.started(device);
    await clock.pass(300_000);
    expect(device.opened).not.toContain("fallback");
  });

  test("a server that says bye is reached, and is not left for the fallback", async () => {
    server.refuse = (what) => (what === "hello" ? FakeServer.refusal(503, "unavailable", 100) : undefined);
    stage.started(device);
    await clock.pass(120_000);
    expect(device.opened).not.toContain("fallback");
  });

  test("when neither gets through both are tried, until one does", async () => {
    device.sockets = "refused";
    device.fallback = false;
    const buyer = stage.started(device);
    await clock.pass(300_000);
    expect(new Set(device.opened)).toEqual(new Set(["socket", "fallback"]));
    device.sockets = "open";
    await clock.pass(120_000);
    expect(buyer.connection.peek().kind).toBe("online");
    expect(device.opened.at(-1)).toBe("socket");
  });
});

describe("back to the socket", () => {
  test("it is tried ever more seldom while it stays blocked", async () => {
    await overFallback();
    const before = sockets();
    const beats = setBeating();
    await clock.pass(2 * 3_600_000);
    expect(beats()).toBeGreaterThan(100);
    expect(sockets() - before).toBeGreaterThan(5);
    expect(sockets() - before).toBeLessThan(15);
    expect(device.opened.filter((way) => way === "fallback")).toHaveLength(1);
  });

  test("once it gets through it takes over, and nobody sees more of it than that", async () => {
    const { buyer, thread } = await overFallback();
    const seen = states(buyer);
    const seller = stage.started(new FakeDevice(server, "V_1"));
    const answering = seller.thread("c1");
    stage.look(answering);
    await clock.pass(1_000);
    device.sockets = "open";
    const want = ["hello"];
    for (let i = 0; i < 60; i++) {
      answering.send(text(`seller ${i}`));
      thread.send(text(`buyer ${i}`));
      want.push(`seller ${i}`, `buyer ${i}`);
      await clock.pass(1_000);
    }
    expect(device.opened.at(-1)).toBe("socket");
    expect(server.sessions.size).toBe(2);
    expect(seen).toEqual(["online"]);
    const words = (from: Thread) => lines(from).map((line) => line.replace(/ \(\w+\)$/, ""));
    expect(words(thread).sort()).toEqual([...want].sort());
    expect(words(answering)).toEqual(words(thread));
    server.cut(); // and it stays there
    await clock.pass(2_000);
    expect(device.opened.at(-1)).toBe("socket");
  });

  test("what waits for an answer when it takes over is asked again, and stored once", async () => {
    const { buyer, thread } = await overFallback();
    setBeating();
    await clock.pass(150_000);
    for (const session of server.sessions) session.alive = false; // what is said on the way up is lost
    thread.send(text("is it there?"));
    await clock.pass(100);
    expect(lines(thread)).toEqual(["hello (stored)", "is it there? (sending)"]);
    device.sockets = "open";
    buyer.wake();
    await clock.pass(100);
    expect(lines(thread)).toEqual(["hello (stored)", "is it there? (stored)"]);
    expect(server.conversations.get("c1")?.messages).toHaveLength(2);
  });

  test("a page that wakes up looks at once, but not each time", async () => {
    const { buyer } = await overFallback();
    const before = sockets();
    for (let i = 0; i < 10; i++) buyer.wake();
    await clock.pass(10);
    expect(sockets()).toBe(before + 1);
    device.sockets = "open";
    await clock.pass(61_000 - 10);
    buyer.wake();
    await clock.pass(10);
    expect(device.opened.at(-1)).toBe("socket");
    expect(server.sessions.size).toBe(1);
  });

  test("a socket that brings nothing is given up, and the fallback goes on", async () => {
    const { buyer, thread } = await overFallback();
    device.sockets = "swallowed";
    const seen = states(buyer);
    setBeating();
    await clock.pass(300_000);
    thread.send(text("still here"));
    await clock.pass(100);
    expect(lines(thread)).toEqual(["hello (stored)", "still here (stored)"]);
    expect(seen).toEqual(["online"]);
  });
});

/** The server's heartbeats, as long as the test lasts; says how many there were. */
function setBeating(): () => number {
  let beats = 0;
  const beat = (): void => {
    beats++;
    server.beat();
    clock.after(server.heartbeatMs, beat);
  };
  beat();
  return () => beats;
}

test("waits differ between clients, grow, and end at about half an hour", () => {
  const random = seeded(7);
  const tries = new Tries(clock, random);
  const waits = Array.from({ length: 12 }, () => {
    const wait = tries.untilNext();
    tries.tried();
    return wait;
  });
  expect(waits[0]).toBeGreaterThan(22_000);
  expect(waits[0]).toBeLessThan(38_000);
  expect(Math.max(...waits)).toBeLessThan(38 * 60_000);
  expect(waits.at(-1)).toBeGreaterThan(22 * 60_000);
  tries.succeeded();
  expect(tries.untilNext()).toBeLessThan(38_000);
});
