import { batch, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import { parseFileURLs } from "../protocol/file.ts";
import type { PictureUrl } from "./api.ts";
import { backoff } from "./backoff.ts";
import { isFailure, worthRetrying } from "./failure.ts";
import type { Clock } from "./ports.ts";
import type { Rest } from "./rest.ts";

/** Those who draw in the same frame ask in the same request. */
const gather = 20;
const askedAtMost = 100;
/** A URL this close to its end is asked for again. */
const margin = 5 * 60_000;
/** What is believed of a URL that seems to have ended already: this device's clock is wrong. */
const believed = 60 * 60_000;

type Slot = { url: Signal<PictureUrl | undefined>; expiresAt: number; watched: boolean };

/** Where pictures can be fetched, asked for in batches and again before the URLs expire. */
export class Pictures {
  private readonly slots = new Map<string, Slot>();
  private readonly wanted = new Set<string>();
  private cancelGather: (() => void) | undefined;
  private cancelRefresh: (() => void) | undefined;
  private failures = 0;
  private readonly clock: Clock;
  private readonly random: () => number;
  private readonly rest: Rest;

  constructor(clock: Clock, random: () => number, rest: Rest) {
    this.clock = clock;
    this.random = random;
    this.rest = rest;
  }

  url(file: string): ReadonlySignal<PictureUrl | undefined> {
    let slot = this.slots.get(file);
    if (slot === undefined) {
      slot = this.newSlot(file);
      this.slots.set(file, slot);
    }
    if (slot.expiresAt - margin <= this.clock.now()) this.want(file, gather);
    return slot.url;
  }

  private newSlot(file: string): Slot {
    const slot: Slot = {
      url: signal<PictureUrl | undefined>(undefined, {
        watched: () => {
          slot.watched = true;
          if (slot.expiresAt - margin <= this.clock.now()) this.want(file, gather);
        },
        unwatched: () => {
          slot.watched = false;
        },
      }),
      expiresAt: 0,
      watched: false,
    };
    return slot;
  }

  private want(file: string, ms: number): void {
    this.wanted.add(file);
    this.cancelGather ??= this.clock.after(ms, () => {
      this.cancelGather = undefined;
      const ids = [...this.wanted].slice(0, askedAtMost);
      for (const id of ids) this.wanted.delete(id);
      const [rest] = this.wanted;
      if (rest !== undefined) this.want(rest, gather);
      this.ask(ids).catch(() => undefined);
    });
  }

  private async ask(ids: readonly string[]): Promise<void> {
    const asked = { method: "POST", path: "/v1/files/urls", json: { ids } } as const;
    const answer = await this.rest.ask(asked, parseFileURLs);
    if (isFailure(answer)) {
      if (worthRetrying(answer) === "never") return;
      const wait = (answer.retryAfterMs ?? 0) + backoff(this.failures++, this.random);
      for (const id of ids) this.want(id, wait);
      return;
    }
    this.failures = 0;
    batch(() => {
      for (const [id, { url, thumb, expires_at }] of Object.entries(answer.files)) {
        const slot = this.slots.get(id);
        if (slot === undefined) continue;
        const now = this.clock.now();
        slot.expiresAt = expires_at - margin > now ? expires_at : now + margin + believed;
        slot.url.value = { url, thumb };
      }
    });
    this.refreshLater();
  }

  private refreshLater(): void {
    this.cancelRefresh?.();
    const ends = [...this.slots.values()].filter((slot) => slot.watched && slot.expiresAt > 0);
    if (ends.length === 0) return;
    const next = Math.min(...ends.map((slot) => slot.expiresAt)) - margin - this.clock.now();
    this.cancelRefresh = this.clock.after(Math.max(1_000, next), () => {
      const due = this.clock.now() + margin;
      for (const [id, slot] of this.slots) if (slot.watched && slot.expiresAt <= due) this.want(id, gather);
      this.refreshLater();
    });
  }
}
