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
  /** Takes over what another window has written, sent or thrown away. One with pictures, which only this window has, stays. */
  reread(): void;
  /** The conversations whose draft has just been taken over, another set each time. */
  readonly taken: ReadonlySignal<ReadonlySet<string>>;
};

export type DraftLine = { text: string; images: number };

/** A device keeps the words of so many drafts, the latest. */
const KEPT = 50;
const KEY = "drafts";

/** The drafts of one participant; `from` is theirs alone. */
export function openDrafts(from: Shelf): Drafts {
  return new KeptDrafts(from);
}

class KeptDrafts implements Drafts {
  readonly lines = signal<ReadonlyMap<string, DraftLine>>(new Map());
  readonly taken = signal<ReadonlySet<string>>(new Set());
  private readonly drafts = new Map<string, Draft>();
  /** What is stored, as far as this window knows. */
  private readonly stored = new Map<string, string>();
  private readonly from: Shelf;

  constructor(from: Shelf) {
    this.from = from;
    this.takeOver();
  }

  get(conversation: string): Draft | undefined {
    return this.drafts.get(conversation);
  }

  set(conversation: string, draft: Draft): void {
    const { drafts } = this;
    const empty = trimParts(draft.parts).length === 0;
    if (empty && !drafts.has(conversation)) return;
    drafts.delete(conversation); // so that a changed draft becomes the latest
    if (!empty) drafts.set(conversation, draft);
    this.lines.value = linesOf(drafts);
    this.keep(conversation, draft);
  }

  forget(): void {
    this.drafts.clear();
    this.stored.clear();
    this.lines.value = linesOf(this.drafts);
    this.from.set(KEY, undefined);
  }

  reread(): void {
    const changed = this.takeOver();
    if (changed.size > 0) this.taken.value = changed;
  }

  private takeOver(): ReadonlySet<string> {
    const now = storedTexts(this.from);
    const changed = new Set<string>();
    for (const [conversation, text] of now) {
      if (text !== this.stored.get(conversation)) changed.add(conversation);
    }
    // Where there is no more room, what is gone may only have been the oldest.
    if (now.size < KEPT) for (const id of this.stored.keys()) if (!now.has(id)) changed.add(id);
    this.stored.clear();
    for (const [conversation, text] of now) this.stored.set(conversation, text);
    for (const conversation of changed) {
      if (!this.replace(conversation, now.get(conversation))) changed.delete(conversation);
    }
    if (changed.size > 0) this.lines.value = linesOf(this.drafts);
    return changed;
  }

  /** Whether it was another draft until now that could be replaced. */
  private replace(conversation: string, text: string | undefined): boolean {
    const { parts = [] } = this.drafts.get(conversation) ?? {};
    if (parts.some((part) => part.type === "image") || textOf(parts) === (text ?? "")) return false;
    this.drafts.delete(conversation);
    if (text !== undefined)
      this.drafts.set(conversation, { parts: [{ type: "text", text }], pictures: new Map() });
    return true;
  }

  /** Changes this one draft in what is stored: other windows keep theirs in the same place. */
  private keep(conversation: string, draft: Draft): void {
    const entries = Object.entries(readObject(this.from, KEY)).filter(([id]) => id !== conversation);
    const text = textOf(draft.parts);
    if (text !== "") entries.push([conversation, text]);
    const kept = entries.slice(-KEPT);
    const json = kept.length === 0 ? undefined : JSON.stringify(Object.fromEntries(kept));
    this.from.set(KEY, json);
    if (this.from.get(KEY) !== json) return; // there is no room: no other window has thrown it away
    if (text === "") this.stored.delete(conversation);
    else this.stored.set(conversation, text);
    for (const [id] of entries.slice(0, -KEPT)) this.stored.delete(id);
  }
}

function storedTexts(from: Shelf): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [conversation, text] of Object.entries(readObject(from, KEY))) {
    if (typeof text === "string" && text.trim() !== "") texts.set(conversation, text);
  }
  return texts;
}

function linesOf(drafts: ReadonlyMap<string, Draft>): ReadonlyMap<string, DraftLine> {
  const lines = new Map<string, DraftLine>();
  for (const [conversation, draft] of drafts) {
    const images = draft.parts.filter((part) => part.type === "image").length;
    lines.set(conversation, { text: textOf(draft.parts).replace(/\s+/gu, " ").slice(0, 160), images });
  }
  return lines;
}
