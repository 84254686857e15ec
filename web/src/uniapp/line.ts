import type { Failure } from "../client/api.ts";
import { backoff } from "../client/backoff.ts";
import { fromWire, isAboutToken, offline, timeout } from "../client/failure.ts";
import type { Clock } from "../client/ports.ts";
import type { Ack, Position, WireError } from "../protocol/body.ts";
import type {
  Bye,
  ClientBody,
  ClientFrame,
  ConversationEvent,
  MessageEvent,
  PresenceEvent,
  RecallEvent,
  TypingEvent,
  WatermarkEvent,
  Welcome,
} from "../protocol/frame.ts";
import { type Server, signedOut } from "./server.ts";
import type { SocketTask } from "./uni.ts";

/** How long opening and being welcomed may take together. */
const greetingDeadline = 10_000;
const answerDeadline = 15_000;
/** How long a server that is asked whether it is still there may take, after the app slept. */
const probeDeadline = 4_000;
/** A line that held this long was a good one: the next backoff starts over. */
const steadyAfter = 5_000;
/** Too many sessions of one user push each other out: the one that is looked at comes back, by `wake`. */
const crowded = 300_000;

/** "signed_out" is final: it lasts until `start`. */
export type LineState = "connecting" | "online" | "offline" | "signed_out";

/** A frame of the server's: one of these, as docs/protocol.md has them. Others are passed over. */
export type Frame = {
  id?: number;
  welcome?: Welcome;
  ack?: Ack;
  error?: WireError;
  bye?: Bye;
  heartbeat?: { position?: Position };
  message?: MessageEvent;
  delivered?: WatermarkEvent;
  read?: WatermarkEvent;
  recall?: RecallEvent;
  conversation?: ConversationEvent;
  typing?: TypingEvent;
  presence?: PresenceEvent;
  push?: { payload: unknown };
};

export type LineEvents = {
  position(): Position | undefined;
  state(state: LineState): void;
  welcome(welcome: Welcome): void;
  frame(frame: Frame): void;
};

/** The one socket to the server, for as long as it is wanted. */
export class Line {
  state: LineState = "offline";

  private told: LineState = "offline";
  private welcomedAt = 0;
  private readonly server: Server;
  private readonly user: string;
  private readonly clock: Clock;
  private readonly random: () => number;
  private readonly events: LineEvents;
  /** Raised whenever what is under way is given up, so that late callbacks of it fall flat. */
  private life = 0;
  private wanted = false;
  private socket: SocketTask | undefined;
  private attempt = 0;
  private finals = 0;
  private notBefore = 0;
  private lastHeard = 0;
  private heartbeat = 0;
  private refused = "";
  private used = "";
  private lastId = 0;
  private readonly waiting = new Map<number, (outcome: Ack | Failure) => void>();
  private readonly timers: Record<string, () => void> = {};

  constructor(server: Server, user: string, clock: Clock, random: () => number, events: LineEvents) {
    this.server = server;
    this.user = user;
    this.clock = clock;
    this.random = random;
    this.events = events;
  }

  start(): void {
    if (this.wanted) return;
    this.wanted = true;
    this.finals = 0;
    this.state = "connecting";
    this.connect();
    this.tellState();
  }

  stop(state: LineState = "offline"): void {
    this.wanted = false;
    this.drop(state);
    this.tellState();
  }

  /** The app is in front again, or has a network: comes back at once, or finds out whether the line still holds. */
  wake(): void {
    const { clock } = this;
    if (this.state === "online") {
      // A socket that was frozen for longer is not asked any more: the server has given it up.
      if (clock.now() - this.lastHeard > this.heartbeat * 1.5) return this.restart();
      this.arm("deadline", probeDeadline, () => this.restart());
      this.say({ id: ++this.lastId, heartbeat: {} }); // without an id it would be an answer itself
    } else if (this.timers["retry"] !== undefined && clock.now() >= this.notBefore) this.restart();
  }

  /** The device says that it has no network. It is tried all the same, as a device may be wrong. */
  networkLost(): void {
    if (this.wanted && this.timers["retry"] === undefined) this.lost();
  }

  /** Gives this connection up for another. */
  restart(): void {
    if (!this.wanted) return;
    this.attempt = 0;
    this.connect();
    this.tellState();
  }

  /** Says something that has no answer worth waiting for; says whether it went out. */
  tell(body: ClientBody): boolean {
    if (this.state !== "online") return false;
    this.say(body);
    return true;
  }

  /** Asks and waits for the answer. Never rejects. */
  ask(body: ClientBody): Promise<Ack | Failure> {
    return new Promise((resolve) => {
      if (this.state !== "online") return resolve(offline);
      const id = ++this.lastId;
      const cancel = this.clock.after(answerDeadline, () => settle(timeout));
      const settle = (outcome: Ack | Failure): void => {
        cancel();
        this.waiting.delete(id);
        resolve(outcome);
      };
      this.waiting.set(id, settle);
      this.say({ id, ...body });
    });
  }

  private connect(): void {
    this.drop(this.state === "online" ? "connecting" : this.state);
    const { life } = this;
    const gone = (): void => {
      if (life === this.life) this.lost();
    };
    this.server
      .token(this.refused)
      .then(
        (token) => {
          if (life !== this.life) return;
          this.used = token;
          this.arm("deadline", greetingDeadline, gone);
          const socket = this.server.uni.connectSocket({
            url: `${this.server.url.replace(/^http/, "ws")}/v1/ws`,
            protocols: ["haggle.v1"],
            multiple: true,
            fail: gone,
          });
          this.socket = socket;
          socket.onOpen(() => {
            if (life === this.life) this.hello(token);
          });
          socket.onMessage(({ data }) => {
            if (life === this.life) this.received(data);
          });
          socket.onClose(gone);
          socket.onError(gone);
        },
        (failure: Failure) => {
          if (life !== this.life) return;
          if (failure === signedOut) this.stop("signed_out");
          else this.lost();
        },
      )
      .catch(gone);
  }

  private hello(token: string): void {
    const position = this.events.position();
    this.say({
      id: ++this.lastId,
      hello: { token, client: "uniapp", ...(position !== undefined && { position }) },
    });
  }

  private say(frame: ClientFrame): void {
    const { life } = this;
    const fail = (): void => {
      if (life === this.life) this.lost();
    };
    try {
      this.socket?.send({ data: JSON.stringify(frame), fail });
    } catch {
      fail();
    }
  }

  private received(data: unknown): void {
    this.lastHeard = this.clock.now();
    if (this.state === "online") this.watch();
    const frame = parsed(data);
    if (frame.welcome !== undefined) this.welcomed(frame.welcome);
    else if (frame.bye !== undefined) this.toldToGo(frame.bye);
    else if (frame.ack !== undefined) this.waiting.get(frame.id ?? 0)?.(frame.ack);
    else if (frame.error !== undefined) this.refusal(frame.id ?? 0, fromWire(frame.error));
    else if (this.state === "online") this.events.frame(frame);
  }

  private welcomed(welcome: Welcome): void {
    if (welcome.uid !== this.user) return this.stop("signed_out");
    this.refused = "";
    this.welcomedAt = this.clock.now();
    this.heartbeat = Math.max(1_000, welcome.heartbeat_ms);
    this.state = "online";
    this.watch();
    this.beat(this.random() * this.heartbeat);
    this.renewLater();
    this.events.welcome(welcome);
    this.tellState();
  }

  private refusal(id: number, failure: Failure): void {
    if (isAboutToken(failure.code)) this.refused = this.used;
    this.waiting.get(id)?.(failure);
  }

  private toldToGo({ code, final, retry_after_ms }: Bye): void {
    // The token may just have ended: another one is asked for. A server that refuses that too is believed.
    if (isAboutToken(code) || final) this.refused = this.used;
    this.finals = final ? this.finals + 1 : 0;
    if (this.finals > 1) this.stop("signed_out");
    else this.lost(code === "too_many_sockets" ? crowded : retry_after_ms, code === "too_many_sockets");
  }

  /** It comes back by itself, and with `wake` not sooner than that, unless it is `wakeable`. */
  private lost(retryAfterMs = 0, wakeable = false): void {
    const now = this.clock.now();
    if (this.state === "online" && now - this.welcomedAt >= steadyAfter) {
      this.attempt = 0;
      this.finals = 0;
    }
    this.drop("offline");
    this.notBefore = wakeable ? now : now + retryAfterMs;
    this.arm("retry", retryAfterMs + backoff(this.attempt++, this.random), () => this.connect());
    this.tellState();
  }

  /** Gives up everything that is under way. */
  private drop(state: LineState): void {
    this.life++;
    for (const name of Object.keys(this.timers)) this.disarm(name);
    this.socket?.close({ complete: () => undefined });
    this.socket = undefined;
    this.state = state;
    for (const settle of Array.from(this.waiting.values())) settle(offline);
  }

  /** Last of all that is done, as whoever hears it may do anything. */
  private tellState(): void {
    const { state } = this;
    if (state === this.told) return;
    this.told = state;
    this.events.state(state);
  }

  /** A server that says nothing for one and a half heartbeats is gone, whatever the socket claims. */
  private watch(): void {
    this.arm("deadline", this.heartbeat * 1.5, () => this.lost());
  }

  private beat(ms: number): void {
    this.arm("beat", ms, () => {
      this.tell({ heartbeat: {} });
      this.beat(this.heartbeat);
    });
  }

  private renewLater(): void {
    this.arm("token", this.server.renewIn(), () => this.renew());
  }

  /** Another token before this one ends, so that the line holds. */
  private renew(): void {
    const { life } = this;
    this.server.token(this.used).then(
      (token) => {
        if (life !== this.life) return;
        this.used = token;
        this.tell({ token: { token } });
        this.renewLater();
      },
      () => undefined, // the server says when it has ended
    );
  }

  private arm(name: string, ms: number, fn: () => void): void {
    this.disarm(name);
    this.timers[name] = this.clock.after(ms, () => {
      delete this.timers[name];
      fn();
    });
  }

  private disarm(name: string): void {
    this.timers[name]?.();
    delete this.timers[name];
  }
}

function parsed(data: unknown): Frame {
  try {
    const frame: unknown = JSON.parse(String(data));
    return typeof frame === "object" && frame !== null ? frame : {};
  } catch {
    return {};
  }
}
