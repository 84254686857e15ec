/**
 * A stand-in for uni-app, on Node: those of its calls that the client uses, as https://uniapp.dcloud.io/api/ describes
 * them. It is not uni-app. There is no page around it, as in an app or a mini-program.
 */
import { readFile } from "node:fs/promises";
import { createContext, runInContext } from "node:vm";
import { WebSocket } from "ws";

type Answer = { statusCode: number; data: unknown };
type Callbacks = { success(answer: Answer): void; fail(error: { errMsg: string }): void };
type Request = { url: string; method: string; header: Record<string, string>; data?: string } & Callbacks;
type Upload = { url: string; filePath: string; name: string; header: Record<string, string> } & Callbacks;

/** A phone with one app on it. */
export class StandInPhone {
  /** What outlives the app. */
  readonly storage = new Map<string, string>();
  online = true;
  readonly #sockets = new Set<WebSocket>();

  /** Cuts the phone's network without a word to anybody, or gives it back. */
  network(online: boolean): void {
    this.online = online;
    if (!online) for (const socket of this.#sockets) socket.terminate();
  }

  /** What the app calls. */
  get uni() {
    return {
      connectSocket: (options: { url: string; protocols: string[]; fail(): void }) => this.#connect(options),
      request: (options: Request) => {
        const { url, method, header, data } = options;
        this.#answer(fetch(url, { method, headers: header, ...(data !== undefined && { body: data }) }), options, JSON.parse);
      },
      uploadFile: (options: Upload) => {
        this.#answer(this.#upload(options), options, String);
      },
      getStorageSync: (key: string) => this.storage.get(key) ?? "",
      setStorageSync: (key: string, value: string) => void this.storage.set(key, value),
      removeStorageSync: (key: string) => void this.storage.delete(key),
      // The stories neither put the app into the background nor tell it of its network.
      onAppShow: () => undefined,
      offAppShow: () => undefined,
      onNetworkStatusChange: () => undefined,
      offNetworkStatusChange: () => undefined,
    };
  }

  #connect({ url, protocols, fail }: { url: string; protocols: string[]; fail(): void }) {
    const socket = new WebSocket(url, protocols);
    this.#sockets.add(socket);
    socket.on("error", () => undefined); // a close follows
    socket.on("close", () => this.#sockets.delete(socket));
    if (!this.online) {
      socket.terminate();
      queueMicrotask(fail);
    }
    return {
      send: ({ data }: { data: string }) => socket.send(data),
      close: () => socket.close(),
      onOpen: (fn: () => void) => socket.on("open", fn),
      onMessage: (fn: (message: { data: string }) => void) => socket.on("message", (data) => fn({ data: String(data) })),
      onClose: (fn: () => void) => socket.on("close", fn),
      onError: (fn: () => void) => socket.on("error", fn),
    };
  }

  /** A POST of multipart/form-data with one file in it. */
  async #upload({ url, filePath, name, header }: Upload): Promise<Response> {
    const form = new FormData();
    form.append(name, new Blob([await readFile(filePath)]), filePath);
    return await fetch(url, { method: "POST", headers: header, body: form });
  }

  #answer(response: Promise<Response>, { success, fail }: Callbacks, read: (text: string) => unknown): void {
    const failed = (error: Error): void => fail({ errMsg: `fail ${error.message}` });
    if (!this.online) return queueMicrotask(() => failed(new Error("no network")));
    response
      .then(async (answer) => ({ statusCode: answer.status, data: read(await answer.text()) }))
      .then(success, failed);
  }
}

/**
 * Runs the client as the server hands it out, where there is JavaScript itself, `uni` and timers and nothing else: what
 * asks for a browser fails.
 */
export async function loadClient(url: string, phone: StandInPhone): Promise<CreateHaggle> {
  const source = await (await fetch(`${url}/haggle-uniapp.js`)).text();
  const script = source.replace(/export\s*\{([^}]*)\};?\s*$/, (_, names: string) => {
    const [, local] = /(\w+) as createHaggle/.exec(names) ?? [];
    return `;${local}`;
  });
  return runInContext(script, createContext({ uni: phone.uni, setTimeout, clearTimeout })) as CreateHaggle;
}

/** What the story uses of web/src/uniapp/haggle.ts. */
export type CreateHaggle = (options: { url: string; user: string; token(): Promise<string | null> }) => App;
export type App = {
  readonly state: string;
  start(): void;
  stop(): void;
  about(product: string): Promise<{ thread: AppThread }>;
  files(ids: string[]): Promise<Record<string, { url: string }>>;
  request(method: string, path: string, json?: unknown): Promise<unknown>;
  on(name: string, fn: (said: unknown) => void): () => void;
};
export type Block = { type: string; text?: string; image?: { file: string; width: number } };
export type AppThread = {
  readonly id: string | undefined;
  readonly messages: readonly { seq: number; sender: string; blocks: Block[] }[];
  readonly waiting: readonly { failure?: { code: string } }[];
  send(what: string | ({ type: "text"; text: string } | { type: "image"; path: string })[]): string;
  read(): void;
  typing(): void;
  recall(seq: number): Promise<void>;
};
