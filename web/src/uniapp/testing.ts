/** For tests only: a stand-in for uni-app's API on one device, before the server in memory. */
import type { FakeServer } from "../client/testing-server.ts";
import type { Uni } from "./uni.ts";

type Callbacks = Record<"open" | "message" | "close" | "error", (said?: { data: string }) => void>;

export class FakeUni implements Uni {
  online = true;
  /** The app is in the background: what a socket is told does not come through, and nothing goes out. */
  frozen = false;
  readonly storage = new Map<string, string>();
  /** Nothing can be kept. */
  full = false;
  readonly connected: { url: string; protocols: string[] }[] = [];
  readonly uploads: string[] = [];
  private shown: (() => void)[] = [];
  private networks: ((status: { isConnected: boolean }) => void)[] = [];
  private readonly server: FakeServer;

  constructor(server: FakeServer) {
    this.server = server;
  }

  connectSocket: Uni["connectSocket"] = ({ url, protocols, fail }) => {
    this.connected.push({ url, protocols });
    const nothing = (): void => undefined;
    const on: Callbacks = { open: nothing, message: nothing, close: nothing, error: nothing };
    const socket = this.online
      ? this.server.connect({
          opened: () => on.open(),
          text: (data) => this.frozen || on.message({ data }),
          closed: () => this.frozen || on.close(),
        })
      : undefined;
    if (socket === undefined) Promise.resolve().then(fail, fail);
    return {
      send: ({ data }) => this.frozen || socket?.send(data),
      close: () => socket?.close(),
      onOpen: (fn) => void Object.assign(on, { open: fn }),
      onMessage: (fn) => void Object.assign(on, { message: fn }),
      onClose: (fn) => void Object.assign(on, { close: fn }),
      onError: (fn) => void Object.assign(on, { error: fn }),
    };
  };

  request: Uni["request"] = ({ url, method, header, data, success, fail }) => {
    const { pathname, search } = new URL(url);
    const json: unknown = data === undefined ? undefined : JSON.parse(data);
    const answer = this.online
      ? this.server.http.request({ method, path: pathname + search, token: bearer(header), json })
      : Promise.reject(new Error("no network"));
    answer.then(
      ({ status, body }) => success({ statusCode: status, data: body }),
      (error: Error) => fail({ errMsg: error.message }),
    );
  };

  uploadFile: Uni["uploadFile"] = ({ url, filePath, success, fail }) => {
    this.uploads.push(`${filePath} ${new URL(url).pathname}`);
    const nobody = { token: "", bytes: new Blob([]), progress: () => undefined };
    const answer = this.online
      ? this.server.upload({ path: new URL(url).pathname, ...nobody }).response
      : Promise.reject(new Error("no network"));
    answer.then(
      ({ status, body }) => success({ statusCode: status, data: JSON.stringify(body) }),
      (error: Error) => fail({ errMsg: error.message }),
    );
  };

  getStorageSync = (key: string): unknown => this.storage.get(key) ?? "";
  setStorageSync = (key: string, value: string): void => {
    if (this.full) throw new Error("setStorageSync:fail exceed storage max size");
    this.storage.set(key, value);
  };
  removeStorageSync = (key: string): void => void this.storage.delete(key);

  onAppShow = (fn: () => void): void => void this.shown.push(fn);
  offAppShow = (fn: () => void): void => {
    this.shown = this.shown.filter((other) => other !== fn);
  };
  onNetworkStatusChange = (fn: (status: { isConnected: boolean }) => void): void =>
    void this.networks.push(fn);
  offNetworkStatusChange = (fn: (status: { isConnected: boolean }) => void): void => {
    this.networks = this.networks.filter((other) => other !== fn);
  };

  /** How many wait for news of the app. */
  get listening(): number {
    return this.shown.length + this.networks.length;
  }

  /** The app comes to the front. */
  show(): void {
    this.frozen = false;
    for (const fn of this.shown) fn();
  }

  /** The device has a network, or none. */
  network(isConnected: boolean): void {
    this.online = isConnected;
    for (const fn of this.networks) fn({ isConnected });
  }
}

function bearer(header: Record<string, string>): string {
  return (header["authorization"] ?? "").replace("Bearer ", "");
}
