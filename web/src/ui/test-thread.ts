/** A thread for component tests: real signals, and a note of what it was asked to do. */
import { signal } from "@preact/signals";
import type { Entry, Failure, Thread } from "../client/api.ts";
import type { Block, Conversation, Participant } from "../protocol/body.ts";

export const seller: Participant = { uid: "V_7", name: "Kiln & Cloud" };

export function testThread(
  entries: readonly Entry[],
  more: { failure?: Failure; state?: "loading" | "ready" | "failed" } = {},
) {
  const asked: string[] = [];
  const note = (what: string) => {
    asked.push(what);
  };
  const done = (what: string): Promise<undefined> => {
    note(what);
    return Promise.resolve(undefined);
  };
  const shown = signal(entries);
  const thread: Thread = {
    conversation: signal<Conversation | undefined>(undefined),
    peer: signal<Participant | undefined>(seller),
    entries: shown,
    state: signal(more.state ?? "ready"),
    failure: signal(more.failure),
    hasOlder: signal(false),
    loadingOlder: signal(false),
    readAtOpening: undefined,
    firstUnread: signal(undefined),
    hasNewer: signal(false),
    peerTyping: signal(undefined),
    visit: () => note("visit"),
    loadOlder: () => done("older"),
    loadNewer: () => done("newer"),
    showAround: (seq) => done(`around ${seq}`),
    showNewest: () => done("newest"),
    reload: () => done("reload"),
    send: () => note("send"),
    retry: (key) => note(`retry ${key}`),
    discard: (key) => {
      note(`discard ${key}`);
      return () => note(`back ${key}`);
    },
    recall: (seq) => done(`recall ${seq}`),
    markRead: (seq) => note(`read ${seq}`),
    readUpTo: Number.POSITIVE_INFINITY,
    attend: () => undefined,
    typing: () => note("typing"),
    setBlocked: (blocked) => done(`blocked ${blocked}`),
    report: (reason) => done(`report ${reason}`),
  };
  return { thread, asked, entries: shown };
}

export function theirs(seq: number, blocks: readonly Block[], at: number): Entry {
  const message = {
    conversation: "c",
    seq,
    rev: seq,
    sender: seller.uid,
    nonce: `t${seq}`,
    blocks,
    sent_at: at,
  };
  return { kind: "message", key: `t${seq}`, mine: false, tick: undefined, message };
}

export function mine(seq: number, blocks: readonly Block[], at: number, recalledAt?: number): Entry {
  const base = { conversation: "c", seq, rev: seq, sender: "U_1", nonce: `m${seq}`, blocks, sent_at: at };
  const message = recalledAt === undefined ? base : { ...base, recalled_at: recalledAt };
  return { kind: "message", key: `m${seq}`, mine: true, tick: "read", message };
}

export function failed(key: string, text: string, at: number, failure: Failure): Entry {
  return {
    kind: "outgoing",
    key,
    pieces: [{ type: "text", text }],
    tick: "failed",
    queuedAt: at,
    progress: 0,
    failure,
    stale: false,
  };
}

export function uploading(key: string, size: number, progress: number, at: number): Entry {
  const picture = { bytes: new Blob([new Uint8Array(size)]), width: 4, height: 3 };
  return {
    kind: "outgoing",
    key,
    pieces: [{ type: "image", picture }],
    tick: "uploading",
    queuedAt: at,
    progress,
    failure: undefined,
    stale: false,
  };
}
