import { parseServerFrame } from "../protocol/frame.ts";
import type { Clock, OpenFallback, OpenSocket, Socket, SocketEvents, WayBack } from "./ports.ts";

const firstTry = 30_000;
const longestWait = 30 * 60_000;
/** A page that wakes up may be in another network; it need not be each time. */
const tryOnWakeAfter = 60_000;
/** How long a socket may take from its opening to its welcome. */
const greetingDeadline = 10_000;

export type FallbackPorts = {
  clock: Clock;
  random(): number;
  openSocket: OpenSocket;
  /** What is used instead, meanwhile. */
  openStream: OpenSocket;
  /** Keeps for the next page in this tab whether sockets are blocked. */
  remember(blocked: boolean): void;
};

/** Opens connections for where WebSocket is blocked, which look out for a WebSocket that is not. */
export function fallback(ports: FallbackPorts): OpenFallback {
  const tries = new Tries(ports.clock, ports.random);
  return (events, back) => new Fallback(ports, tries, events, back);
}

/** When a WebSocket is tried: ever more seldom, not at the same time by all, sooner when the page wakes up. */
export class Tries {
  private count = 0;
  private last = 0;
  private readonly clock: Clock;
  private readonly random: () => number;

  constructor(clock: Clock, random: () => number) {
    this.clock = clock;
    this.random = random;
  }

  tried(): void {
    this.count++;
    this.last = this.clock.now();
  }

  /** One got through: the next time begins anew. */
  succeeded(): void {
    this.count = 0;
  }

  untilNext(): number {
    return Math.min(longestWait, firstTry * 2 ** Math.min(this.count, 16)) * (0.75 + this.random() / 2);
  }

  get isWakeEnough(): boolean {
    return this.clock.now() - this.last >= tryOnWakeAfter;
  }
}

class Fallback implements Socket {
  private readonly ports: FallbackPorts;
  private readonly tries: Tries;
  private readonly back: WayBack;
  private readonly stream: Socket;
  private ended = false;
  /** Something came over the stream. */
  private heard = false;
  private cancelTry: (() => void) | undefined;
  private giveUp: (() => void) | undefined;

  constructor(ports: FallbackPorts, tries: Tries, events: SocketEvents, back: WayBack) {
    this.ports = ports;
    this.tries = tries;
    this.back = back;
    this.stream = ports.openStream({
      opened: events.opened,
      text: (data) => {
        if (!this.heard) this.begin();
        this.heard = true;
        events.text(data);
      },
      closed: () => {
        this.end();
        events.closed();
      },
    });
  }

  send(text: string): void {
    this.stream.send(text);
  }

  wake(): void {
    if (this.heard && this.tries.isWakeEnough) this.trySocket();
  }

  close(): void {
    this.end();
    this.stream.close();
  }

  private end(): void {
    this.ended = true;
    this.cancelTry?.();
    this.giveUp?.();
  }

  private begin(): void {
    this.ports.remember(true);
    this.tryLater();
  }

  private tryLater(): void {
    this.cancelTry?.();
    this.cancelTry = this.ports.clock.after(this.tries.untilNext(), () => this.trySocket());
  }

  /** Looks whether a socket gets through by now. The stream goes on meanwhile. */
  private trySocket(): void {
    if (this.giveUp !== undefined || this.ended) return;
    this.tries.tried();
    this.tryLater();
    this.back
      .hello()
      .then((hello) => {
        if (hello !== undefined && this.giveUp === undefined && !this.ended) this.open(hello);
      })
      .catch(() => undefined);
  }

  private open(hello: string): void {
    const giveUp = (): void => {
      cancelDeadline();
      this.giveUp = undefined;
      socket.close();
    };
    let events: SocketEvents = {
      opened: () => socket.send(hello),
      text: (data) => {
        const frame = parseServerFrame(data);
        if (frame?.kind !== "welcome") return giveUp();
        cancelDeadline();
        this.giveUp = undefined;
        this.tries.succeeded();
        this.ports.remember(false);
        this.back.changeOver(socket, frame.welcome, (next) => {
          events = next;
        });
      },
      closed: giveUp,
    };
    const cancelDeadline = this.ports.clock.after(greetingDeadline, giveUp);
    this.giveUp = giveUp;
    const socket = this.ports.openSocket({
      opened: () => events.opened(),
      text: (data) => events.text(data),
      closed: () => events.closed(),
    });
  }
}
