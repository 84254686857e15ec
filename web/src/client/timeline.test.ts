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

function run(seed: number): void {
  const random = seeded(seed);
  const upTo = (n: number): number => Math.floor(random() * n);
  const truth: Truth = { messages: [], recalls: [] };
  let shown: readonly Message[] = [];
  const timeline = new Timeline((messages) => {
    shown = messages;
    for (const [i, m] of messages.entries()) {
      if (m.seq !== (messages[0]?.seq ?? 0) + i) throw new Error(`seed ${seed}: a gap is shown`);
    }
  });
  const inFlight: (() => void)[] = [];
  for (let step = 0; step < 150; step++) {
    const seq = truth.messages.length + 1;
    const say = random();
    if (say < 0.45) {
      const m = message(seq);
      truth.messages.push(m);
      const times = upTo(3); // lost, told once, told twice
      for (let i = 0; i < times; i++) inFlight.push(() => timeline.add(m));
    } else if (say < 0.55 && truth.messages.length > 0) {
      const old = truth.messages[upTo(truth.messages.length)];
      if (old === undefined || old.recalled_at !== undefined) continue;
      const recall: Recall = { conversation: "c", seq: old.seq, rev: 1_000 + step, by: "U_1", at: 5_000 };
      truth.messages[old.seq - 1] = { ...old, blocks: [], recalled_at: recall.at, rev: recall.rev };
      truth.recalls.push(recall);
      if (random() < 0.5) inFlight.push(() => timeline.recall(recall));
    } else if (say < 0.6) {
      timeline.load(newest(truth, 1 + upTo(10)), truth.recalls.at(-1)?.rev ?? 0);
    } else if (say < 0.65) {
      const oldest = timeline.oldest ?? 0;
      timeline.prepend(truth.messages.filter((m) => m.seq < oldest).slice(-5));
    } else if (say < 0.7 && timeline.isLoaded) {
      repair(timeline, truth, random);
    } else if (inFlight.length > 0) {
      inFlight.splice(upTo(inFlight.length), 1)[0]?.();
    }
  }
  for (const late of inFlight) late();
  if (!timeline.isLoaded) timeline.load(newest(truth, 5), 0);
  repair(timeline, truth, random);
  while (timeline.hasOlder) {
    const oldest = timeline.oldest ?? 0;
    timeline.prepend(truth.messages.filter((m) => m.seq < oldest).slice(-7));
  }
  expect(shown.map(essence), `seed ${seed}`).toEqual(truth.messages.map(essence));
}

/** What a person would see of it. */
function essence(m: Message): unknown {
  return { seq: m.seq, blocks: m.blocks, recalled: m.recalled_at !== undefined };
}

test("whatever is lost, doubled or late, the list is the true one after a repair", () => {
  const from = Math.floor(Date.now() / 1000);
  for (let seed = from; seed < from + 400; seed++) run(seed);
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
