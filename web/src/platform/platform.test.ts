// @vitest-environment happy-dom
import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { OutboxItem } from "../client/ports.ts";
import { browserHttp } from "./http.ts";
import { openOutboxStore } from "./idb.ts";
import { preparePicture, targetSize } from "./picture.ts";
import { browserSocket, socketUrl } from "./socket.ts";
import { browserLead } from "./tabs.ts";
import { onWake } from "./wake.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("the outbox on the device", () => {
  const item = (nonce: string, order: number): OutboxItem => ({
    nonce,
    conversation: "c1",
    pieces: [{ type: "text", text: nonce }],
    files: [undefined],
    order,
    queuedAt: order,
    tried: false,
  });

  test("is there after a reload, in order, and each user sees only their own", async () => {
    vi.stubGlobal("IDBKeyRange", IDBKeyRange);
    const factory = new IDBFactory();
    const before = openOutboxStore(factory, "haggle");
    await before.put("buyer U_1 ", item("b", 2));
    await before.put("buyer U_1 ", item("a", 1));
    await before.put("buyer U_2 ", item("other", 1));
    await before.put("buyer U_1 ", { ...item("b", 2), tried: true });
    const after = openOutboxStore(factory, "haggle");
    expect(await after.all("buyer U_1 ")).toEqual([item("a", 1), { ...item("b", 2), tried: true }]);
    await after.remove("buyer U_1 ", "a");
    await after.clear("buyer U_2 ");
    expect(await after.all("buyer U_1 ")).toEqual([{ ...item("b", 2), tried: true }]);
    expect(await after.all("buyer U_2 ")).toEqual([]);
  });

  test("goes on after the browser has ended its storage in the background", async () => {
    vi.stubGlobal("IDBKeyRange", IDBKeyRange);
    const factory = new IDBFactory();
    const opened: IDBDatabase[] = [];
    const kept = openOutboxStore(
      {
        open: (name: string, version: number) => {
          const request = factory.open(name, version);
          request.addEventListener("success", () => opened.push(request.result));
          return request;
        },
      } as unknown as IDBFactory,
      "haggle",
    );
    await kept.put("buyer U_1 ", item("a", 1));
    for (const database of opened) database.close();
    await kept.put("buyer U_1 ", item("b", 2));
    expect((await kept.all("buyer U_1 ")).map(({ nonce }) => nonce)).toEqual(["a", "b"]);
  });

  test("is refused where there is no such storage at all", async () => {
    await expect(openOutboxStore(undefined, "haggle").put("x", item("a", 1))).rejects.toThrow(
      "keeps nothing",
    );
  });

  test("says so where the browser keeps nothing", async () => {
    const factory = { open: () => void 0 } as unknown as IDBFactory;
    const broken = openOutboxStore(
      Object.assign(factory, {
        open: () => {
          throw new Error("denied");
        },
      }),
      "haggle",
    );
    await expect(broken.all("x")).rejects.toThrow("denied");
  });
});

describe("requests", () => {
  test("carry the token and JSON, and read a failure as well as a success", async () => {
    const asked: [string, RequestInit][] = [];
    vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
      asked.push([path, init]);
      return new Response('{"error":{"code":"blocked","message":"no"}}', { status: 403 });
    });
    const answer = await browserHttp().request({
      method: "POST",
      path: "/v1/begin",
      token: "t",
      json: { a: 1 },
    });
    expect(answer).toEqual({ status: 403, body: { error: { code: "blocked", message: "no" } } });
    const [path, init] = asked[0] ?? ["", {}];
    const headers = new Headers(init.headers);
    expect([path, init.method, init.body]).toEqual(["/v1/begin", "POST", '{"a":1}']);
    expect(headers.get("Authorization")).toBe("Bearer t");
    expect(headers.get("Content-Type")).toBe("application/json");
  });

  test("have no body where a proxy answers with a page of its own", async () => {
    vi.stubGlobal("fetch", async () => new Response("<h1>Bad gateway</h1>", { status: 502 }));
    const answer = await browserHttp().request({ method: "GET", path: "/v1/me" });
    expect(answer).toEqual({ status: 502, body: undefined });
  });
});

class FakeWebSocket extends EventTarget {
  static readonly OPEN = 1;
  static last: FakeWebSocket | undefined;
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  onerror: (() => void) | null = null;
  readonly sent: string[] = [];
  readonly address: string;
  readonly protocol: string;

  constructor(address: string, protocol: string) {
    super();
    this.address = address;
    this.protocol = protocol;
    FakeWebSocket.last = this;
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.onclose?.();
  }
}

describe("the socket", () => {
  function opened() {
    vi.stubGlobal("WebSocket", FakeWebSocket);
    const told: string[] = [];
    const socket = browserSocket("ws://shop/v1/ws")({
      opened: () => told.push("opened"),
      text: (data) => told.push(data),
      closed: () => told.push("closed"),
    });
    const raw = FakeWebSocket.last;
    if (raw === undefined) throw new Error("no socket was opened");
    return { told, socket, raw };
  }

  test("offers the protocol, and is silent before it is open", () => {
    const { raw, socket } = opened();
    expect(raw.protocol).toBe("haggle.v1");
    socket.send("too early");
    raw.readyState = 1;
    socket.send("now");
    expect(raw.sent).toEqual(["now"]);
  });

  test("tells of its end once, and not of one that was wanted", () => {
    const { told, raw } = opened();
    raw.onerror?.();
    raw.onclose?.();
    expect(told).toEqual(["closed"]);
    const wanted = opened();
    wanted.socket.close();
    wanted.raw.onmessage?.({ data: "late" });
    expect(wanted.told).toEqual([]);
  });

  test("is encrypted where the page is", () => {
    expect(socketUrl({ protocol: "https:", host: "chat.example" })).toBe("wss://chat.example/v1/ws");
    expect(socketUrl({ protocol: "http:", host: "127.0.0.1:8080" })).toBe("ws://127.0.0.1:8080/v1/ws");
  });
});

describe("the lead among tabs", () => {
  test("is everybody's where the browser has no locks", () => {
    const leading = vi.fn();
    browserLead(undefined)("outbox", leading)();
    expect(leading).toHaveBeenCalledOnce();
  });

  test("is given up when the tab is done with it", async () => {
    let held: Promise<unknown> | undefined;
    const locks = {
      request: async (_: string, __: unknown, granted: () => Promise<void>) => {
        held = granted();
        await held;
      },
    } as unknown as LockManager;
    const leading = vi.fn();
    const done = browserLead(locks)("outbox", leading);
    expect(leading).toHaveBeenCalledOnce();
    done();
    await expect(held).resolves.toBeUndefined();
  });
});

test("the page tells the client when it shows again, comes back, and finds or loses the network", () => {
  const wake = vi.fn();
  const lost = vi.fn();
  const undo = onWake(window, wake, lost);
  window.dispatchEvent(new Event("offline"));
  expect(lost).toHaveBeenCalledOnce();
  expect(wake).not.toHaveBeenCalled();
  window.dispatchEvent(new Event("online"));
  window.dispatchEvent(new Event("pageshow"));
  document.dispatchEvent(new Event("visibilitychange"));
  expect(wake).toHaveBeenCalledTimes(3);
  undo();
  window.dispatchEvent(new Event("offline"));
  window.dispatchEvent(new Event("online"));
  expect(lost).toHaveBeenCalledOnce();
  expect(wake).toHaveBeenCalledTimes(3);
});

describe("a picture", () => {
  const limits = { upload_bytes: 1_000, upload_pixels: 10_000 };
  const bitmap = (width: number, height: number): void => {
    vi.stubGlobal("createImageBitmap", async () => ({ width, height, close: () => undefined }));
  };
  const heads: Record<string, string> = {
    "image/jpeg": "\xff\xd8\xff\xe0",
    "image/png": "\x89PNG\r\n\x1a\n",
    "image/gif": "GIF89a",
    "image/webp": "RIFF\x10\0\0\0WEBP",
  };
  const bytes = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(text, (c) => c.charCodeAt(0));
  const file = (type: string, size = 100): Blob =>
    new Blob([bytes((heads[type] ?? "").padEnd(size, "x"))], { type });

  test("of a kind the server does not take is refused before anything is read", async () => {
    for (const type of ["image/heic", "image/svg+xml", "application/pdf", ""]) {
      expect(await preparePicture(file(type), limits), type).toMatchObject({ code: "unsupported_image" });
    }
  });

  test("that is none, whatever its name says, is told as that and not as a damaged one", async () => {
    const page = bytes("<!doctype html><script>alert(1)</script>");
    const sound = bytes("RIFF\x10\0\0\0WAVEfmt ");
    for (const type of Object.keys(heads)) {
      for (const content of [page, sound, bytes("")]) {
        const got = await preparePicture(new Blob([content], { type }), limits);
        expect(got, type).toMatchObject({ code: "unsupported_image" });
      }
    }
  });

  test("of each accepted kind is known by how it begins", async () => {
    bitmap(40, 30);
    for (const type of Object.keys(heads)) {
      expect(await preparePicture(file(type), limits), type).toMatchObject({ width: 40, height: 30 });
    }
  });

  test("that is small goes as it is", async () => {
    bitmap(40, 30);
    const small = file("image/png");
    expect(await preparePicture(small, limits)).toEqual({ bytes: small, width: 40, height: 30 });
  });

  test("that moves is never redrawn, and refused if it is too large", async () => {
    bitmap(40, 30);
    const gif = file("image/gif", 2_000);
    expect(await preparePicture(gif, limits)).toMatchObject({ code: "image_too_large" });
    expect(await preparePicture(gif, { ...limits, upload_bytes: 5_000 })).toMatchObject({ bytes: gif });
  });

  test("that cannot be read is broken", async () => {
    vi.stubGlobal("createImageBitmap", async () => {
      throw new Error("no picture");
    });
    expect(await preparePicture(file("image/jpeg"), limits)).toMatchObject({ code: "broken_image" });
  });

  test("keeps its shape when it is scaled down, and is never scaled up", () => {
    expect(targetSize(5_120, 2_560)).toEqual({ width: 2_560, height: 1_280 });
    expect(targetSize(100, 50)).toEqual({ width: 100, height: 50 });
    expect(targetSize(100_000, 1)).toEqual({ width: 2_560, height: 1 });
  });
});
