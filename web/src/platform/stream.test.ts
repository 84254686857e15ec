import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Socket } from "../client/ports.ts";
import { lazyFallback, rememberBlocked, wasBlocked } from "./socket.ts";
import { streamSocket } from "./stream.ts";

type Post = { path: string; key: string; body: string; answer(status: number): void; fail(): void };

/** What the server gets, and how the test answers. */
class FakeFetch {
  hello: string | undefined;
  signal: AbortSignal | undefined;
  readonly posts: Post[] = [];
  status = 200;
  private out: ReadableStreamDefaultController<Uint8Array> | undefined;

  readonly fetch = (path: string, init: RequestInit): Promise<Response> => {
    if (path === "/v1/sse") return this.open(init);
    const key = new Headers(init.headers).get("Authorization") ?? "";
    return new Promise((resolve, reject) => {
      const fail = (): void => reject(new TypeError("network"));
      const answer = (status: number): void => resolve(new Response(null, { status }));
      this.posts.push({ path, key, body: String(init.body), answer, fail });
    });
  };

  private async open({ body, signal }: RequestInit): Promise<Response> {
    this.hello = String(body);
    this.signal = signal ?? undefined;
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.out = controller;
      },
    });
    return new Response(this.status === 200 ? stream : null, { status: this.status });
  }

  say(text: string): void {
    this.out?.enqueue(new TextEncoder().encode(text));
  }

  bytes(bytes: Uint8Array): void {
    this.out?.enqueue(bytes);
  }

  end(): void {
    this.out?.close();
  }
}

const session = 'event: session\ndata: {"client_id":"c1","key":"k1"}\n\n';

let server: FakeFetch;
let heard: string[];
let closed: number;
let socket: Socket;

async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(1);
}

async function begun(): Promise<void> {
  socket = streamSocket("/v1/sse")({
    opened: () => socket.send("hello"),
    text: (data) => heard.push(data),
    closed: () => closed++,
  });
  await settle();
}

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeFetch();
  vi.stubGlobal("fetch", server.fetch);
  heard = [];
  closed = 0;
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("down the stream", () => {
  test("come frames, however the network cuts them", async () => {
    await begun();
    expect(server.hello).toBe("hello");
    const all = new TextEncoder().encode(`${session}data: {"a":"还有货吗 🙂"}\n\ndata: {"b":1}\n\n`);
    for (const byte of all) server.bytes(new Uint8Array([byte]));
    await settle();
    expect(heard).toEqual(['{"a":"还有货吗 🙂"}', '{"b":1}']);
    expect(closed).toBe(0);
  });

  test("comes the end, once", async () => {
    await begun();
    server.say(session);
    server.end();
    await settle();
    expect(closed).toBe(1);
    socket.send("too late");
    socket.close();
    await settle();
    expect(closed).toBe(1);
    expect(server.posts).toHaveLength(0);
  });

  test.each([403, 429, 502])("comes nothing when the answer is %i", async (status) => {
    server.status = status;
    await begun();
    expect(closed).toBe(1);
  });

  test("comes nothing of ours: a page that says that one has to pay for the network", async () => {
    await begun();
    server.say("data: <html>\n\n");
    await settle();
    expect(closed).toBe(1);
    expect(heard).toEqual([]);
  });

  test("nothing is heard after it was closed, and the request ends", async () => {
    await begun();
    server.say(session);
    await settle();
    socket.close();
    expect(server.signal?.aborted).toBe(true);
    server.say('data: {"late":1}\n\n');
    await settle();
    expect(heard).toEqual([]);
    expect(closed).toBe(0);
  });
});

describe("up in requests", () => {
  test("goes one batch at a time, in order, with what gathered meanwhile", async () => {
    await begun();
    socket.send("a"); // before it is known where to
    expect(server.posts).toHaveLength(0);
    server.say(session);
    await settle();
    for (const text of ["b", "c", "d"]) socket.send(text);
    await settle();
    expect(server.posts.map(({ path, key, body }) => [path, key, body])).toEqual([
      ["/v1/sse/c1/1", "Bearer k1", "a"],
    ]);
    server.posts[0]?.answer(204);
    await settle();
    expect(server.posts[1]).toMatchObject({ path: "/v1/sse/c1/2", body: "b\nc\nd" });
  });

  test("goes again under the same number until there is an answer", async () => {
    await begun();
    server.say(session);
    await settle();
    socket.send("a");
    server.posts[0]?.fail();
    await vi.advanceTimersByTimeAsync(600);
    socket.send("b");
    server.posts[1]?.answer(502);
    await vi.advanceTimersByTimeAsync(1_100);
    expect(server.posts.map(({ path, body }) => [path, body])).toEqual([
      ["/v1/sse/c1/1", "a"],
      ["/v1/sse/c1/1", "a"],
      ["/v1/sse/c1/1", "a"],
    ]);
    server.posts[2]?.answer(204);
    await settle();
    expect(server.posts[3]).toMatchObject({ path: "/v1/sse/c1/2", body: "b" });
  });

  test("ends with a session that the server does not know", async () => {
    await begun();
    server.say(session);
    await settle();
    socket.send("a");
    server.posts[0]?.answer(404);
    await settle();
    expect(closed).toBe(1);
    expect(server.signal?.aborted).toBe(true);
  });

  test("ends when nothing gets through any more", async () => {
    await begun();
    server.say(session);
    await settle();
    socket.send("a");
    for (let i = 0; i < 5; i++) {
      server.posts[i]?.fail();
      await vi.advanceTimersByTimeAsync(10_000);
    }
    expect(server.posts).toHaveLength(5);
    expect(closed).toBe(1);
  });

  test("goes in parts that the server takes", async () => {
    await begun();
    server.say(session);
    await settle();
    socket.send("first");
    const large = "x".repeat(40_000);
    for (let i = 0; i < 3; i++) socket.send(large);
    for (let i = 0; i < 4; i++) {
      server.posts[i]?.answer(204);
      await settle();
    }
    expect(server.posts.map(({ body }) => body)).toEqual(["first", large, large, large]);
  });
});

describe("what is loaded when it is needed", () => {
  const back = { hello: async () => undefined, changeOver: () => undefined };
  const events = { opened: () => undefined, text: () => undefined, closed: () => closed++ };

  test("closes when it cannot be loaded, and is asked for again the next time", async () => {
    let loads = 0;
    const open = lazyFallback(async () => {
      loads++;
      throw new Error("no network");
    });
    open(events, back);
    await settle();
    open(events, back);
    await settle();
    expect([loads, closed]).toEqual([2, 2]);
  });

  test("is not opened by who has left meanwhile", async () => {
    let opened = 0;
    const open = lazyFallback(async () => () => {
      opened++;
      return { send: () => undefined, close: () => undefined };
    });
    open(events, back).close();
    await settle();
    expect([opened, closed]).toEqual([0, 0]);
  });
});

describe("what a tab remembers", () => {
  test("is what it found out last", () => {
    const kept = new Map<string, string>();
    vi.stubGlobal("sessionStorage", {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => kept.set(key, value),
      removeItem: (key: string) => kept.delete(key),
    });
    expect(wasBlocked()).toBe(false);
    rememberBlocked(true);
    expect(wasBlocked()).toBe(true);
    rememberBlocked(false);
    expect(wasBlocked()).toBe(false);
  });

  test("is nothing where a frame has no storage", () => {
    vi.stubGlobal(
      "sessionStorage",
      new Proxy(
        {},
        {
          get: () => {
            throw new Error("SecurityError");
          },
        },
      ),
    );
    rememberBlocked(true);
    expect(wasBlocked()).toBe(false);
  });
});
