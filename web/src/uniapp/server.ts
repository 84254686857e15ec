import type { Failure } from "../client/api.ts";
import { fromWire, isAboutToken, offline } from "../client/failure.ts";
import type { Clock } from "../client/ports.ts";
import type { WireError } from "../protocol/body.ts";
import { claimsOf } from "./token.ts";
import type { Answer, Headers, Method, Uni } from "./uni.ts";

const requestTimeout = 15_000;
const tokenTimeout = 15_000;
const uploadTimeout = 180_000;

/** Nobody is signed in, or somebody else: the shop gives no token, that one, or one that the server refuses. */
export const signedOut: Failure = { code: "token_missing", message: "nobody is signed in" };

/** A shop's backend signs who is asking; undefined, null or "" says that nobody is signed in. */
export type TokenSource = () => Promise<string | null | undefined>;

/** What is asked for once, over HTTP. Every promise is kept, or broken with a Failure. */
export class Server {
  readonly url: string;
  readonly uni: Uni;
  private readonly user: string;
  private readonly clock: Clock;
  private readonly source: TokenSource;
  private held = "";
  /** Since when, by this device. */
  private since = 0;
  private asking: Promise<string> | undefined;

  constructor(uni: Uni, clock: Clock, url: string, user: string, source: TokenSource) {
    this.uni = uni;
    this.clock = clock;
    this.user = user;
    this.url = url.replace(/\/+$/, "");
    this.source = source;
  }

  /** The token in hand, or another one if that is the one that was `refused`. */
  token(refused: string): Promise<string> {
    if (this.held !== refused) return Promise.resolve(this.held);
    this.asking ??= this.ask().then(
      (token) => this.answered(token, refused),
      (error) => {
        this.asking = undefined;
        throw error;
      },
    );
    return this.asking;
  }

  /** How long until the token in hand should be replaced by another: at two thirds of its life. */
  renewIn(): number {
    const { iat, exp } = claimsOf(this.held);
    return Math.max(5_000, Math.max(60, exp - iat) * 660 - (this.clock.now() - this.since));
  }

  /** The body of the answer, as docs/protocol.md and /docs have it. */
  request<T>(method: Method, path: string, json?: unknown): Promise<T> {
    const data = json === undefined ? {} : { data: JSON.stringify(json) };
    return this.authorized(requestTimeout, (header, rest) =>
      this.uni.request({
        url: this.url + path,
        method,
        header: { ...header, "content-type": "application/json" },
        ...data,
        ...rest,
      }),
    );
  }

  /** Uploads the picture at a path of the device's, and returns its id. With the same key it is the same upload. */
  async upload(filePath: string, key: string): Promise<string> {
    const { id } = await this.authorized<{ id?: unknown }>(uploadTimeout, (header, rest) =>
      this.uni.uploadFile({ url: `${this.url}/v1/files/${key}`, filePath, name: "file", header, ...rest }),
    );
    if (typeof id !== "string") throw notOurs(200);
    return id;
  }

  private async ask(): Promise<string> {
    let cancel = (): void => undefined;
    const late = new Promise<never>((_, failed) => {
      cancel = this.clock.after(tokenTimeout, () => failed(offline));
    });
    let token: string | null | undefined;
    try {
      token = await Promise.race([this.source(), late]);
    } catch {
      throw offline;
    } finally {
      cancel();
    }
    if (!token || claimsOf(token).sub !== this.user) throw signedOut;
    return token;
  }

  private answered(token: string, refused: string): string {
    this.asking = undefined;
    if (token === refused) throw signedOut; // there is no other to be had
    this.held = token;
    this.since = this.clock.now();
    return token;
  }

  /** Makes a request, and once more with another token if its own was refused. */
  private async authorized<T>(
    timeout: number,
    make: (
      header: Headers,
      rest: { timeout: number; success(answer: Answer): void; fail(): void },
    ) => unknown,
  ): Promise<T> {
    let refused = "";
    for (let tries = 0; ; tries++) {
      const token = await this.token(tries === 0 ? "" : refused);
      const { statusCode, data } = await new Promise<Answer>((success, failed) =>
        make({ authorization: `Bearer ${token}` }, { timeout, success, fail: () => failed(offline) }),
      ).catch(() => {
        throw offline; // also what uni-app throws itself
      });
      const body = parsed(data) as ({ error?: WireError } & T) | undefined;
      if (statusCode < 300 && body !== undefined) return body;
      const failure = typeof body?.error?.code === "string" ? fromWire(body.error) : notOurs(statusCode);
      if (statusCode !== 401 || !isAboutToken(failure.code) || tries > 0) throw failure;
      refused = token;
    }
  }
}

/** Something between has answered. What it refuses, it refuses again; what it cannot do, it may do later. */
function notOurs(status: number): Failure {
  const passing = status < 400 || status >= 500 || status === 401 || status === 408 || status === 429;
  return { code: passing ? "unavailable" : `status_${status}`, message: `status ${status}` };
}

/** Uploads are answered with text, requests with what it says: an object, or nothing. */
function parsed(data: unknown): object | undefined {
  try {
    const body: unknown = typeof data === "string" ? JSON.parse(data || "{}") : (data ?? {});
    return typeof body === "object" && body !== null ? body : undefined;
  } catch {
    return undefined;
  }
}
