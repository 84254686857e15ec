/** Unsent words and pictures, per conversation. Pictures live as long as the page, words longer. */
import { type ReadonlySignal, signal } from "@preact/signals-core";
import type { Picture } from "../../client/api.ts";
import { type Part, textOf, trimParts } from "./editor-content.ts";
import { readObject, type Shelf } from "./shelf.ts";

/** What the editor of a conversation held when it was left. */
export type Draft = { parts: readonly Part[]; pictures: ReadonlyMap<string, Picture> };

export type Drafts = {
  /** One line per conversation that has a draft, for the list. Pictures are counted apart. */
  readonly lines: ReadonlySignal<ReadonlyMap<string, DraftLine>>;
  get(conversation: string): Draft | undefined;
  /** Keeps a draft; an empty one is forgotten. */
  set(conversation: string, draft: Draft): void;
  /** Forgets them all. */
  forget(): void;
};

export type DraftLine = { text: string; images: number };

/** A device keeps the words of so many drafts, the latest. */
const KEPT = 50;
const KEY = "drafts";

/** The drafts of one participant; `from` is theirs alone. */
export function openDrafts(from: Shelf): Drafts {
  const drafts = new Map<string, Draft>();
  for (const [conversation, text] of Object.entries(readObject(from, KEY))) {
    if (typeof text !== "string" || text.trim() === "") continue;
    drafts.set(conversation, { parts: [{ type: "text", text }], pictures: new Map() });
  }
  const lines = signal<ReadonlyMap<string, DraftLine>>(linesOf(drafts));
  return {
    lines,
    get: (conversation) => drafts.get(conversation),
    set: (conversation, draft) => {
      const empty = trimParts(draft.parts).length === 0;
      if (empty && !drafts.has(conversation)) return;
      drafts.delete(conversation); // so that a changed draft becomes the latest
      if (!empty) drafts.set(conversation, draft);
      lines.value = linesOf(drafts);
      keep(from, conversation, draft);
    },
    forget: () => {
      drafts.clear();
      lines.value = linesOf(drafts);
      from.set(KEY, undefined);
    },
  };
}

function linesOf(drafts: ReadonlyMap<string, Draft>): ReadonlyMap<string, DraftLine> {
  const lines = new Map<string, DraftLine>();
  for (const [conversation, draft] of drafts) {
    const images = draft.parts.filter((part) => part.type === "image").length;
    lines.set(conversation, { text: textOf(draft.parts).replace(/\s+/gu, " ").slice(0, 160), images });
  }
  return lines;
}

/** Changes this one draft in what is stored: other windows keep theirs in the same place. */
function keep(from: Shelf, conversation: string, draft: Draft): void {
  const stored = readObject(from, KEY);
  delete stored[conversation];
  const text = textOf(draft.parts);
  const entries = Object.entries(stored);
  if (text !== "") entries.push([conversation, text]);
  from.set(KEY, entries.length === 0 ? undefined : JSON.stringify(Object.fromEntries(entries.slice(-KEPT))));
}
