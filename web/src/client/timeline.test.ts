import { expect, test } from "vitest";
import type { Message, Recall } from "../protocol/body.ts";
import { seeded } from "./testing.ts";
import { Timeline } from "./timeline.ts";

function message(seq: number, recalledAt?: number): Message {
  return {
    conversation: "c",
    seq,
    rev: seq,
    sender: seq % 2 === 0 ? "U_1" : "V_1",
    nonce: `n${seq}`,
    blocks: recalledAt === undefined ? [{ type: "text", text: `message ${seq}` }] : [],
    sent_at: seq,
    ...(recalledAt !== undefined && { recalled_at: recalledAt, rev: 1_000 + seq }),
  };
}

/** A server's conversation and all that happens to it. */
type Truth = { messages: Message[]; recalls: Recall[] };

function newest(truth: Truth, size: number): Message[] {
  return truth.messages.slice(-size);
}

function repair(timeline: Timeline, truth: Truth, random: () => number): void {
  timeline.headAt(truth.messages.length);
  for (const recall of truth.recalls.filter((r) => r.rev > timeline.recallsKnownTo)) timeline.recall(recall);
  for (let rounds = 0; rounds < 1_000; rounds++) {
    const missing = timeline.missing();
    if (missing === undefined) return;
    const size = 1 + Math.floor(random() * 20);
    if (missing === "newest") timeline.load(newest(truth, size), 0);
    else timeline.fill(truth.messages.filter((m) => m.seq > missing.after).slice(0, size));
  }
  throw new Error("never complete");
}

/** A conversation that goes on, and a timeline that is told of it badly. */
class Run {
  readonly truth: Truth = { messages: [], recalls: [] };
  readonly timeline: Timeline;
  shown: readonly Message[] = [];
  private readonly inFlight: (() => void)[] = [];
  private readonly random: () => number;

  constructor(seed: number) {
    this.random = seeded(seed);
    this.timeline = new Timeline((messages) => {
      this.shown = messages;
      const first = messages[0]?.seq ?? 0;
      if (messages.some((m, i) => m.seq !== first + i)) throw new Error(`seed ${seed}: a gap is shown`);
    });
  }

  step(): void {
    const say = this.random();
    if (say < 0.45) this.send();
    else if (say < 0.55) this.recall();
    else if (say < 0.6) this.load();
    else if (say < 0.65) this.older(5);
    else if (say < 0.7 && this.timeline.isLoaded) repair(this.timeline, this.truth, this.random);
    else this.inFlight.splice(this.upTo(this.inFlight.length), 1)[0]?.();
  }

  /** Everything late arrives, and everything lost is repaired. */
  end(): void {
    for (const late of this.inFlight) late();
    if (!this.timeline.isLoaded) this.load();
    repair(this.timeline, this.truth, this.random);
    while (this.timeline.hasOlder) this.older(7);
  }

  private upTo(n: number): number {
    return Math.floor(this.random() * n);
  }

  private send(): void {
    const m = message(this.truth.messages.length + 1);
    this.truth.messages.push(m);
    const times = this.upTo(3); // lost, told once, told twice
    for (let i = 0; i < times; i++) this.inFlight.push(() => this.timeline.add(m));
  }

  private recall(): void {
    const old = this.truth.messages[this.upTo(this.truth.messages.length)];
    if (old === undefined || old.recalled_at !== undefined) return;
    const rev = 1_000 + this.truth.recalls.length;
    const recall: Recall = { conversation: "c", seq: old.seq, rev, by: "U_1", at: 5_000 };
    this.truth.messages[old.seq - 1] = { ...old, blocks: [], recalled_at: recall.at, rev };
    this.truth.recalls.push(recall);
    if (this.random() < 0.5) this.inFlight.push(() => this.timeline.recall(recall));
  }

  private load(): void {
    this.timeline.load(newest(this.truth, 1 + this.upTo(10)), this.truth.recalls.at(-1)?.rev ?? 0);
  }

  private older(size: number): void {
    const oldest = this.timeline.oldest ?? 0;
    this.timeline.prepend(this.truth.messages.filter((m) => m.seq < oldest).slice(-size));
  }
}

/** What a person would see of it. */
function essence(m: Message): unknown {
  return { seq: m.seq, blocks: m.blocks, recalled: m.recalled_at !== undefined };
}

test("whatever is lost, doubled or late, the list is the true one after a repair", () => {
  const from = Math.floor(Date.now() / 1000);
  for (let seed = from; seed < from + 400; seed++) {
    const run = new Run(seed);
    for (let step = 0; step < 150; step++) run.step();
    run.end();
    expect(run.shown.map(essence), `seed ${seed}`).toEqual(run.truth.messages.map(essence));
  }
});

test("a long absence starts over from the newest page instead of fetching everything", () => {
  const timeline = new Timeline(() => undefined);
  timeline.load([message(1)], 0);
  timeline.headAt(5_000);
  expect(timeline.missing()).toBe("newest");
});

test("a recall that overtakes its message still takes it back", () => {
  let shown: readonly Message[] = [];
  const timeline = new Timeline((messages) => {
    shown = messages;
  });
  timeline.load([message(1)], 0);
  timeline.recall({ conversation: "c", seq: 2, rev: 9, by: "U_1", at: 77 });
  timeline.add(message(2));
  expect(shown[1]).toMatchObject({ seq: 2, blocks: [], recalled_at: 77 });
});
