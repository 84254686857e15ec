import type { Changes, Conversation, Position } from "../protocol/body.ts";
import type { Welcome } from "../protocol/frame.ts";
import type { Failure } from "./api.ts";
import { backoff } from "./backoff.ts";
import { isFailure } from "./failure.ts";
import type { Clock } from "./ports.ts";

/** Events may overtake each other by a little; a gap that stays this long is a loss. */
const patience = 250;

export type PositionPorts = {
  clock: Clock;
  random(): number;
  changes(since: Position): Promise<Changes | Failure>;
  /** One of the conversations changed since; told in order, and again if in doubt. */
  changed(conversation: Conversation): void;
  /** Everything kept is void. */
  reset(): void;
  /** The first position is known now: what was loaded before may lack what came in between. */
  began(): void;
  /** The position means nothing to the server: a new connection learns another. */
  reconnect(): void;
};

/** Knows up to where this client has seen the participant's changes, and fetches what it missed. */
export class Positions {
  private known: Position | undefined;
  /** Seen beyond a gap. */
  private readonly seen = new Set<number>();
  /** Where the server is known to stand. */
  private target = 0;
  private cancelTimer: (() => void) | undefined;
  private fetching = false;
  private again = false;
  private failures = 0;
  private life = 0;
  private readonly ports: PositionPorts;

  constructor(ports: PositionPorts) {
    this.ports = ports;
  }

  get(): Position | undefined {
    return this.known;
  }

  /** Starts from a position that was read before anything it covers. */
  begin(position: Position): void {
    this.life++;
    this.known = position;
    this.target = position.pos;
    this.seen.clear();
    this.cancel();
  }

  /** An event at `pos` has been applied. */
  note(pos: number): void {
    const { known } = this;
    if (known === undefined || pos <= known.pos) return;
    this.seen.add(pos);
    this.advance(known.pos);
    if (this.seen.size > 0) this.fetchSoon();
  }

  welcome(welcome: Welcome): void {
    this.failures = 0;
    this.cancel();
    if (this.known === undefined) {
      this.begin(welcome.position);
      return this.ports.began();
    }
    if (welcome.reset === true || welcome.position.epoch !== this.known.epoch) {
      this.begin(welcome.position);
      return this.ports.reset();
    }
    if (welcome.changes !== undefined) this.apply(welcome.changes);
    this.heartbeat(welcome.position);
    if (welcome.changes?.more === true) this.fetch();
  }

  /** The server stands at `position`: a last event that was lost shows here. */
  heartbeat(position: Position): void {
    const { known } = this;
    if (known === undefined) return;
    if (position.epoch !== known.epoch) {
      this.begin(position);
      this.ports.reset();
    } else if (position.pos > known.pos) {
      this.target = Math.max(this.target, position.pos);
      this.fetchSoon();
    }
  }

  /** Forgets that a fetch was due; the next welcome tells what was missed. */
  disconnected(): void {
    this.cancel();
  }

  private advance(from: number): void {
    let pos = from;
    while (this.seen.delete(pos + 1)) pos++;
    for (const other of this.seen) if (other <= pos) this.seen.delete(other);
    if (this.known !== undefined) this.known = { ...this.known, pos };
  }

  private apply(changes: Changes): void {
    for (const conversation of changes.conversations) this.ports.changed(conversation);
    this.advance(Math.max(this.known?.pos ?? 0, changes.position.pos));
  }

  private fetchSoon(): void {
    if (this.cancelTimer === undefined) this.arm(patience);
  }

  private arm(ms: number): void {
    this.cancelTimer = this.ports.clock.after(ms, () => {
      this.cancelTimer = undefined;
      const behind = this.known !== undefined && this.known.pos < this.target;
      if (behind || this.seen.size > 0) this.fetch();
    });
  }

  private cancel(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
  }

  private fetch(): void {
    if (this.fetching) {
      this.again = true;
      return;
    }
    this.fetching = true;
    const { life } = this;
    this.fetchPages()
      .then((done) => {
        this.fetching = false;
        if (life !== this.life) {
          if (this.again) this.fetchSoon();
          this.again = false;
          return;
        }
        this.failures = done ? 0 : this.failures + 1;
        if (!done) this.arm(backoff(this.failures, this.ports.random));
        else if (this.again || this.seen.size > 0) this.fetchSoon();
        this.again = false;
      })
      .catch(() => {
        this.fetching = false;
      });
  }

  /** Fetches page after page; false says that it could not get to the end. */
  private async fetchPages(): Promise<boolean> {
    const { life } = this;
    for (;;) {
      if (this.known === undefined) return true;
      const page = await this.ports.changes(this.known);
      if (life !== this.life) return true;
      if (isFailure(page)) {
        if (page.code !== "reset") return false;
        this.ports.reconnect();
        return true;
      }
      this.apply(page);
      if (page.more !== true) return true;
    }
  }
}
