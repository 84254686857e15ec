/**
 * What of uni-app this client uses, as https://uniapp.dcloud.io/api/ describes it: request/websocket,
 * request/socket-task, request/request, request/network-file, storage/storage, and what tells of the app's life.
 */
export type SocketTask = {
  send(message: { data: string; fail(): void }): unknown;
  close(how: { complete(): void }): unknown;
  onOpen(fn: () => void): void;
  onMessage(fn: (message: { data: unknown }) => void): void;
  onClose(fn: () => void): void;
  onError(fn: () => void): void;
};

/** `data` is JSON that has been parsed, or text. */
export type Answer = { statusCode: number; data: unknown };
type Answered = { success(answer: Answer): void; fail(error: { errMsg?: string }): void };
export type Headers = Record<string, string>;
export type Method = "GET" | "POST" | "PUT" | "DELETE";

export type Uni = {
  /** Returns a task, and no promise, as one of its callbacks is given. `multiple` is for Alipay's. */
  connectSocket(options: { url: string; protocols: string[]; multiple: true } & { fail(): void }): SocketTask;
  request(
    options: { url: string; method: Method; header: Headers; data?: string; timeout: number } & Answered,
  ): unknown;
  /** A POST of multipart/form-data. */
  uploadFile(
    options: { url: string; filePath: string; name: string; header: Headers; timeout: number } & Answered,
  ): unknown;
  getStorageSync(key: string): unknown;
  setStorageSync(key: string, value: string): void;
  removeStorageSync(key: string): void;
  onAppShow(fn: () => void): void;
  offAppShow(fn: () => void): void;
  onNetworkStatusChange(fn: (status: { isConnected: boolean }) => void): void;
  offNetworkStatusChange(fn: (status: { isConnected: boolean }) => void): void;
};

declare const uni: Uni;

/**
 * uni-app's own. A build for browsers keeps of it what a project names call by call, as here, and nothing of an object
 * that is handed on.
 */
export function uniApp(): Uni {
  return {
    connectSocket: (options) => uni.connectSocket(options),
    request: (options) => uni.request(options),
    uploadFile: (options) => uni.uploadFile(options),
    getStorageSync: (key) => uni.getStorageSync(key),
    setStorageSync: (key, value) => uni.setStorageSync(key, value),
    removeStorageSync: (key) => uni.removeStorageSync(key),
    onAppShow: (fn) => uni.onAppShow(fn),
    offAppShow: (fn) => uni.offAppShow(fn),
    onNetworkStatusChange: (fn) => uni.onNetworkStatusChange(fn),
    offNetworkStatusChange: (fn) => uni.offNetworkStatusChange(fn),
  };
}
