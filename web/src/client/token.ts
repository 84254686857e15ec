import type { Side, TokenGrant } from "../protocol/body.ts";
import { parseTokenGrant } from "../protocol/body.ts";
import { attempt } from "../protocol/parse.ts";
import type { Failure } from "./api.ts";
import { fromResponse, offline } from "./failure.ts";
import type { Clock, HandedToken, Http, TokenAnswer } from "./ports.ts";

/** A token this close to its end is not used any more, and renewed on a live socket. */
const margin = 60_000;
/** What is believed of a token that seems to have ended already: this device's clock is wrong. */
const believed = 5 * 60_000;

const over: Failure = { code: "left", message: "the user signed out" };
const refusedToken: Failure = {
  code: "token_invalid",
  message: "the server refuses the token that was given",
};
const notKept: Failure = { code: "cookies_blocked", message: "no cookie is kept" };
const another: Failure = { code: "another_user", message: "somebody else signed in in this browser" };

export type TokenPorts = { http: Http; clock: Clock; handedToken?: HandedToken | undefined };

type Answered = { status: number; body: unknown };
type Held = { token: string; until: number };

/** Gets short-lived tokens for the page and keeps the current one, in memory only. */
export class Tokens {
  private held: Held | undefined;
  /** Whose the tokens are: what this page knows and has waiting is theirs alone. */
  private uid: string | undefined;
  private ended: Failure | undefined;
  private asking: Promise<TokenAnswer> | undefined;
  private readonly http: Http;
  private readonly clock: Clock;
  private readonly side: Side;
  private readonly handed: HandedToken | undefined;
  private readonly signedOut: (failure: Failure) => void;

  constructor(ports: TokenPorts, side: Side, signedOut: (failure: Failure) => void) {
    this.http = ports.http;
    this.clock = ports.clock;
    this.handed = ports.handedToken;
    this.side = side;
    this.signedOut = signedOut;
  }

  /** The current token, or a fresh one if there is none or `refused` is it. */
  async get(refused?: string): Promise<{ token: string } | Exclude<TokenAnswer, { grant: unknown }>> {
    if (this.ended !== undefined) return { signedOut: this.ended };
    if (this.held !== undefined && this.held.token !== refused && this.held.until > this.clock.now()) {
      return { token: this.held.token };
    }
    const answer = await this.renew();
    if (!("grant" in answer)) return answer;
    if (answer.grant.token !== refused) return { token: answer.grant.token };
    this.ended ??= refusedToken; // there is no other to be had
    this.signedOut(this.ended);
    return { signedOut: this.ended };
  }

  /** How long the current token is good for, in milliseconds. */
  left(): number {
    return this.held === undefined ? 0 : this.held.until - this.clock.now();
  }

  /** Ends it: whoever asks from now on, nobody is signed in. */
  end(): void {
    this.held = undefined;
    this.ended ??= over;
  }

  /** Asks for a fresh token, once however many want one. */
  renew(): Promise<TokenAnswer> {
    this.asking ??= this.ask().then((answer) => {
      this.asking = undefined;
      if ("signedOut" in answer) this.signedOut(answer.signedOut);
      return answer;
    });
    return this.asking;
  }

  private async ask(): Promise<TokenAnswer> {
    if (this.ended !== undefined) return { signedOut: this.ended };
    try {
      const handed = await this.handed?.();
      if (handed !== undefined) return "grant" in handed ? this.hold(handed.grant) : handed;
      const response = await this.post("/v1/token", { side: this.side });
      const nobody = response.status === 401 && this.side === "buyer" && this.uid === undefined;
      return nobody ? await this.askAsGuest(response) : this.read(response);
    } catch {
      return { failed: offline };
    }
  }

  /** A buyer who is nobody yet may become a guest, where the shop allows it. */
  private async askAsGuest(refused: Answered): Promise<TokenAnswer> {
    // In a frame on another site's page that takes a cookie of another kind.
    const guest = await this.post(this.handed === undefined ? "/v1/guest" : "/v1/guest?framed=true");
    if (guest.status === 429 || guest.status >= 500) return { failed: fromResponse(guest) };
    if (guest.status >= 300) return this.read(refused);
    const response = await this.post("/v1/token", { side: this.side });
    return response.status === 401 ? { signedOut: notKept } : this.read(response);
  }

  private post(path: string, json?: unknown): ReturnType<Http["request"]> {
    return this.http.request({ method: "POST", path, ...(json !== undefined && { json }) });
  }

  private read(response: Answered): TokenAnswer {
    const failure: Failure = fromResponse(response);
    if (response.status === 401) return { signedOut: failure };
    const grant = response.status < 300 ? attempt(parseTokenGrant, response.body) : undefined;
    return grant === undefined ? { failed: failure } : this.hold(grant);
  }

  private hold(grant: TokenGrant): TokenAnswer {
    if (this.uid !== undefined && grant.uid !== this.uid) this.ended ??= another;
    if (this.ended !== undefined) return { signedOut: this.ended };
    this.uid = grant.uid;
    const now = this.clock.now();
    const until = grant.expires_at - margin;
    this.held = { token: grant.token, until: until > now ? until : now + believed };
    return { grant };
  }
}
