import { type ReadonlySignal, signal } from "@preact/signals-core";
import type { Ack, Position } from "../protocol/body.ts";
import {
  type Bye,
  type ClientBody,
  encodeClientFrame,
  parseServerFrame,
  type ServerFrame,
  type Welcome,
} from "../protocol/frame.ts";
import type { ConnectionState, Failure } from "./api.ts";
import { backoff } from "./backoff.ts";
import { fromWire, isAboutToken, offline, timeout } from "./failure.ts";
import type { Clock, Http, OpenFallback, OpenSocket, Socket, SocketEvents, WayBack } from "./ports.ts";
import type { Tokens } from "./token.ts";

/** How long opening and being welcomed may take together. */
const greetingDeadline = 10_000;
const answerDeadline = 15_000;
/** How long a server that is asked whether it is still there may take, after the device slept. */
const probeDeadline = 4_000;
/** A connection that held this long was a good one: the next backoff starts over. */
const steadyAfter = 5_000;
const defaultHeartbeat = 25_000;
/** A server that says twice in a row not to come back, though it gives tokens, is believed. */
const finalByes = 2;
/** So many sockets that brought nothing, though HTTP worked, are no coincidence. */
const enough = 2;

export type ConnectionPorts = {
  clock: Clock;
  random(): number;
  openSocket: OpenSocket;
  openFallback: OpenFallback;
  blocked: boolean;
  http: Http;
  tokens: Tokens;
};

export type ConnectionEvents = {
  /** Up to where this client has seen its changes, for the hello. */
  position(): Position | undefined;
  welcome(welcome: Welcome): void;
  /** Everything but answers, welcome and bye. */
  frame(frame: ServerFrame): void;
};

type Waiting = { text: string; settle(outcome: Ack | Failure): void; cancelTimer(): void };

/** Keeps a connection to the server, for as long as it is wanted: by WebSocket or, where that is blocked, without. */
export class Connection {
  readonly state: ReadonlySignal<ConnectionState>;
  /** Frames that made no sense. */
  malformed = 0;

  private readonly current = signal<ConnectionState>({ kind: "connecting" });
  private readonly ports: ConnectionPorts;
  private readonly events: ConnectionEvents;
  private wanted = false;
  /** Raised whenever what is under way is given up, so that late callbacks of it fall flat. */
  private generation = 0;
  private socket: Socket | undefined;
  /** Sockets that brought nothing, though HTTP worked just then. With enough of them the fallback is next. */
  private suspicion = 0;
  private onFallback = false;
  /** Something came over this connection. */
  private heard = false;
  private online = false;
  private attempt = 0;
  private finals = 0;
  private notBefore = 0;
  private refusedToken: string | undefined;
  private usedToken = "";
  private lastHeard = 0;
  private welcomedAt = 0;
  private heartbeatMs = defaultHeartbeat;
  private nextId = 1;
  private readonly waiting = new Map<number, Waiting>();
  private readonly timers = new Map<string, () => void>();

  constructor(ports: ConnectionPorts, events: ConnectionEvents) {
    this.ports = ports;
    this.events = events;
    if (ports.blocked) this.suspicion = enough;
    this.state = this.current;
  }

  start(): void {
    if (this.wanted) return;
    this.wanted = true;
    this.connect();
  }

  stop(): void {
    this.wanted = false;
    this.drop();
  }

  /** Ends with the user signed out; nothing but a new page gets it going again. */
  signOut(code: string): void {
    this.stop();
    if (this.current.peek().kind !== "signed_out") this.current.value = { kind: "signed_out", code };
  }

  /** Comes back now if it can, and finds out whether what seems to be a connection still is one. */
  wake(): void {
    if (!this.wanted) return;
    if (this.online) {
      this.socket?.wake?.();
      this.probe();
    } else if (this.timers.has("retry") && this.ports.clock.now() >= this.notBefore) {
      this.attempt = 0;
      this.connect();
    }
  }

  /** Gives up what is under way: the device has no network. It goes on trying, as a device may be wrong. */
  networkLost(): void {
    if (!this.timers.has("retry")) this.lost(this.generation);
  }

  /** Gives this connection up for another. */
  restart(): void {
    this.lost(this.generation);
  }

  /** Says something that has no answer worth waiting for; says whether it went out. */
  tell(body: ClientBody): boolean {
    if (!this.online) return false;
    this.socket?.send(encodeClientFrame(body));
    return true;
  }

  /** Asks and waits for the answer. Never rejects. */
  ask(body: ClientBody): Promise<Ack | Failure> {
    const { socket } = this;
    if (!this.online || socket === undefined) return Promise.resolve(offline);
    const id = this.nextId++;
    return new Promise((resolve) => {
      const settle = (outcome: Ack | Failure): void => {
        this.waiting.delete(id);
        resolve(outcome);
      };
      const cancelTimer = this.ports.clock.after(answerDeadline, () => settle(timeout));
      const text = encodeClientFrame({ id, ...body });
      this.waiting.set(id, { text, settle, cancelTimer });
      socket.send(text);
    });
  }

  private connect(): void {
    this.drop();
    const { generation } = this;
    const current = this.current.peek();
    if (current.kind === "offline") this.current.value = { ...current, retryAt: undefined, held: false };
    this.greet(generation).catch(() => this.lost(generation));
  }

  private async greet(generation: number): Promise<void> {
    const answer = await this.ports.tokens.get(this.refusedToken);
    if (generation !== this.generation) return;
    if ("signedOut" in answer) return this.signOut(answer.signedOut.code);
    if ("failed" in answer) return this.lost(generation, answer.failed.retryAfterMs);
    this.arm("deadline", greetingDeadline, () => this.ended(generation, enough));
    const events = this.eventsOf(generation, () => socket.send(this.hello(answer.token)));
    this.onFallback = this.suspicion >= enough;
    const socket = this.onFallback
      ? this.ports.openFallback(events, this.wayBack(generation))
      : this.ports.openSocket(events);
    this.socket = socket;
  }

  private eventsOf(generation: number, opened: () => void): SocketEvents {
    return {
      opened: () => {
        if (generation === this.generation) opened();
      },
      text: (data) => {
        if (generation === this.generation) this.received(data);
      },
      closed: () => this.ended(generation, 1),
    };
  }

  private wayBack(generation: number): WayBack {
    return {
      hello: async () => {
        const answer = await this.ports.tokens.get();
        return generation === this.generation && "token" in answer ? this.hello(answer.token) : undefined;
      },
      changeOver: (socket, welcome, takeOver) => {
        this.disconnect();
        this.socket = socket;
        this.onFallback = false;
        takeOver(this.eventsOf(this.generation, () => undefined));
        this.hear();
        // The answers would have come over the connection that is no more. To ask twice does no harm.
        for (const { text } of this.waiting.values()) socket.send(text);
        this.welcomed(welcome);
      },
    };
  }

  private hello(token: string): string {
    this.usedToken = token;
    const position = this.events.position();
    const hello = { token, client: "web", ...(position !== undefined && { position }) };
    return encodeClientFrame({ id: this.nextId++, hello });
  }

  private hear(): void {
    this.lastHeard = this.ports.clock.now();
    this.heard = true;
    if (!this.onFallback) this.suspicion = 0;
  }

  private received(data: string): void {
    this.hear();
    if (this.online) this.watch();
    const frame = parseServerFrame(data);
    if (frame === undefined) {
      this.malformed++;
      return;
    }
    switch (frame.kind) {
      case "welcome":
        return this.welcomed(frame.welcome);
      case "bye":
        return this.toldToGo(frame.bye);
      case "ack":
        return this.answered(frame.id, frame.ack);
      case "error":
        return this.refused(frame.id, fromWire(frame.error));
      default:
        if (this.online) this.events.frame(frame);
    }
  }

  private welcomed(welcome: Welcome): void {
    this.online = true;
    this.welcomedAt = this.ports.clock.now();
    this.refusedToken = undefined;
    this.notBefore = 0;
    this.heartbeatMs = Math.max(1_000, welcome.heartbeat_ms);
    this.watch();
    // The first one at a random moment: those who came together must not beat together.
    this.beatIn(this.ports.random() * this.heartbeatMs);
    this.renewTokenLater();
    this.events.welcome(welcome);
    if (this.online && this.current.peek().kind !== "online") this.current.value = { kind: "online" };
  }

  private answered(id: number, outcome: Ack | Failure): void {
    const waiting = this.waiting.get(id);
    waiting?.cancelTimer();
    waiting?.settle(outcome);
  }

  private refused(id: number, failure: Failure): void {
    this.answered(id, failure);
    if (!isAboutToken(failure.code)) return;
    if (this.online) this.renewToken();
    else this.refusedToken = this.usedToken; // the hello was refused; the server closes
  }

  private toldToGo(bye: Bye): void {
    const { generation } = this;
    if (isAboutToken(bye.code) || bye.final === true) this.refusedToken = this.usedToken;
    this.finals = bye.final === true ? this.finals + 1 : 0;
    if (this.finals >= finalByes) return this.signOut(bye.code);
    this.lost(generation, bye.retry_after_ms);
  }

  /** The connection of `generation` has ended. That makes it `suspicious` if nothing ever came over it. */
  private ended(generation: number, suspicious: number): void {
    if (generation !== this.generation) return;
    if (!this.heard) this.suspect(suspicious);
    this.lost(generation);
  }

  /** Are sockets blocked, or does nothing get through? */
  private suspect(suspicious: number): void {
    const { http, clock } = this.ports;
    if (this.onFallback) {
      this.suspicion = enough - 1;
      return;
    }
    http
      .request({ method: "GET", path: "/healthz" })
      .then(({ status }) => {
        if (status >= 500 || this.online) return;
        this.suspicion += suspicious;
        if (this.suspicion < enough || !this.timers.has("retry") || clock.now() < this.notBefore) return;
        this.attempt = 0;
        this.connect();
      })
      .catch(() => undefined);
  }

  /** The connection of `generation` is gone, or never came to be. */
  private lost(generation: number, retryAfterMs?: number): void {
    if (generation !== this.generation || !this.wanted) return;
    const now = this.ports.clock.now();
    if (this.online && now - this.welcomedAt >= steadyAfter) {
      this.attempt = 0;
      this.finals = 0;
    }
    const since = this.online ? Math.max(this.lastHeard, this.welcomedAt) : now;
    this.drop();
    this.notBefore = retryAfterMs === undefined ? 0 : now + retryAfterMs;
    const wait = (retryAfterMs ?? 0) + backoff(this.attempt++, this.ports.random);
    const before = this.current.peek();
    this.current.value = {
      kind: "offline",
      since: before.kind === "offline" ? before.since : since,
      retryAt: now + wait,
      held: retryAfterMs !== undefined,
    };
    this.arm("retry", wait, () => this.connect());
  }

  /** Gives up everything that is under way. */
  private drop(): void {
    this.disconnect();
    for (const waiting of [...this.waiting.values()]) {
      waiting.cancelTimer();
      waiting.settle(offline);
    }
  }

  private disconnect(): void {
    this.generation++;
    this.online = false;
    this.heard = false;
    for (const cancel of this.timers.values()) cancel();
    this.timers.clear();
    const { socket } = this;
    this.socket = undefined;
    socket?.close();
  }

  /** A server that says nothing for one and a half heartbeats is gone, whatever the socket claims. */
  private watch(): void {
    const { generation } = this;
    this.arm("deadline", this.heartbeatMs * 1.5, () => this.lost(generation));
  }

  private probe(): void {
    const { clock } = this.ports;
    const { generation } = this;
    if (clock.now() - this.lastHeard > this.heartbeatMs * 1.5) return this.lostInSleep(generation);
    this.arm("deadline", probeDeadline, () => this.lostInSleep(generation));
    // With an id the server answers; without, a heartbeat is an answer itself.
    this.socket?.send(encodeClientFrame({ id: this.nextId++, heartbeat: {} }));
  }

  /** Comes back at once: somebody is looking at the page. */
  private lostInSleep(generation: number): void {
    this.lost(generation);
    this.attempt = 0;
    if (this.wanted && generation !== this.generation) this.connect();
  }

  private beatIn(ms: number): void {
    this.arm("heartbeat", ms, () => {
      this.tell({ heartbeat: {} });
      this.beatIn(this.heartbeatMs);
    });
  }

  private renewTokenLater(): void {
    this.arm("token", Math.max(1_000, this.ports.tokens.left()), () => this.renewToken());
  }

  private renewToken(): void {
    const { generation } = this;
    this.ports.tokens
      .renew()
      .then((answer) => {
        if (generation !== this.generation) return;
        if ("signedOut" in answer) return this.signOut(answer.signedOut.code);
        if ("failed" in answer) return this.arm("token", 5_000, () => this.renewToken());
        this.usedToken = answer.grant.token;
        this.renewTokenLater();
        this.tell({ token: { token: answer.grant.token } });
      })
      .catch(() => this.lost(generation));
  }

  private arm(name: string, ms: number, fn: () => void): void {
    this.timers.get(name)?.();
    const cancel = this.ports.clock.after(ms, () => {
      this.timers.delete(name);
      fn();
    });
    this.timers.set(name, cancel);
  }
}
