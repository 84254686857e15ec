import { batch, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import type { Presence } from "./api.ts";
import type { Clock } from "./ports.ts";

const watchedAtMost = 200;
/** A list that scrolls changes what it shows many times a second. */
const settleDelay = 150;

/** Who is there, of those that are on the screen. */
export class Presences {
  private readonly known = new Map<string, Signal<Presence>>();
  private watched: readonly string[] = [];
  private cancelTimer: (() => void) | undefined;
  private readonly clock: Clock;
  private readonly tell: (uids: readonly string[]) => boolean;

  constructor(clock: Clock, tell: (uids: readonly string[]) => boolean) {
    this.clock = clock;
    this.tell = tell;
  }

  of(uid: string): ReadonlySignal<Presence> {
    return this.slot(uid);
  }

  watch(uids: readonly string[]): void {
    const wanted = [...new Set(uids)].sort().slice(0, watchedAtMost);
    if (wanted.length === this.watched.length && wanted.every((uid, i) => uid === this.watched[i])) return;
    batch(() => {
      for (const uid of this.watched) if (!wanted.includes(uid)) this.slot(uid).value = "unknown";
    });
    this.watched = wanted;
    this.cancelTimer ??= this.clock.after(settleDelay, () => {
      this.cancelTimer = undefined;
      this.tell(this.watched);
    });
  }

  /** A fresh connection knows nothing of what is watched. */
  online(): void {
    if (this.watched.length > 0) this.tell(this.watched);
  }

  /** Nobody can say while the server cannot be reached. */
  offline(): void {
    batch(() => {
      for (const slot of this.known.values()) slot.value = "unknown";
    });
  }

  told(uids: Readonly<Record<string, Presence>>): void {
    batch(() => {
      for (const [uid, presence] of Object.entries(uids)) this.slot(uid).value = presence;
    });
  }

  private slot(uid: string): Signal<Presence> {
    let slot = this.known.get(uid);
    if (slot === undefined) {
      slot = signal<Presence>("unknown");
      this.known.set(uid, slot);
    }
    return slot;
  }
}
