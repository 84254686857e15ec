/**
 * What the editor holds, as data: text and pictures in the order in which they stand. The editor's DOM is
 * whatever the browser made of typing, pasting and undoing; this reads it back without caring which.
 */
import type { Picture, Piece } from "../../client/api.ts";

/** A run of text or one picture. `picture` is the source by which the editor knows it. */
export type Part = { type: "text"; text: string } | { type: "image"; picture: string };

/** The part of a node that reading needs; a test can build it from a string of HTML. */
export type ReadableNode = {
  readonly nodeType: number;
  readonly nodeName: string;
  readonly nodeValue: string | null;
  readonly childNodes: ArrayLike<ReadableNode>;
  getAttribute?(name: string): string | null;
};

const ELEMENT = 1;
const TEXT = 3;
const BLOCKS = new Set(["DIV", "P", "LI", "UL", "OL", "PRE", "BLOCKQUOTE", "H1", "H2", "H3", "SECTION"]);

/** Reads the parts under `root`, untrimmed. */
export function readParts(root: ReadableNode): Part[] {
  const reader = new Reader();
  reader.children(root);
  return reader.parts;
}

class Reader {
  readonly parts: Part[] = [];
  /** A block began or ended since the last content: what comes next starts a line. */
  private boundary = false;
  /** What comes next starts a line as it is, so that a block's edge there adds none. */
  private lineStart = true;

  children(node: ReadableNode): void {
    for (let i = 0; i < node.childNodes.length; i++) {
      const child = node.childNodes[i];
      if (child !== undefined) this.node(child);
    }
  }

  private node(node: ReadableNode): void {
    if (node.nodeType === TEXT) this.text(node.nodeValue ?? "");
    if (node.nodeType !== ELEMENT) return;
    if (node.nodeName === "BR") {
      this.text("\n");
      this.lineStart = true;
    } else if (node.nodeName === "IMG") {
      this.startLine();
      this.parts.push({ type: "image", picture: node.getAttribute?.("src") ?? "" });
    } else if (BLOCKS.has(node.nodeName)) {
      this.edge();
      this.children(node);
      this.edge();
    } else {
      this.children(node);
    }
  }

  private edge(): void {
    this.boundary ||= !this.lineStart;
  }

  private startLine(): void {
    if (this.boundary) this.append("\n");
    this.boundary = false;
    this.lineStart = false;
  }

  private text(text: string): void {
    if (text === "") return;
    this.startLine();
    this.append(text);
  }

  private append(text: string): void {
    const last = this.parts.at(-1);
    if (last?.type === "text") last.text += text;
    else this.parts.push({ type: "text", text });
  }
}

/**
 * The parts without what is only layout: line breaks around pictures, blank ends, runs of nothing. The
 * text itself is left as it was written.
 */
export function trimParts(parts: readonly Part[]): Part[] {
  const kept: Part[] = [];
  for (const part of parts) {
    if (part.type === "image") {
      kept.push(part);
      continue;
    }
    const text = part.text.replace(/^(?:[^\S\n]*\n)+/u, "").replace(/\s+$/u, "");
    if (text.trim() !== "") kept.push({ type: "text", text });
  }
  return kept;
}

/** The parts as a message's pieces; a picture whose bytes are not known (any more) is left out. */
export function toPieces(parts: readonly Part[], pictures: ReadonlyMap<string, Picture>): Piece[] {
  const pieces: Piece[] = [];
  for (const part of trimParts(parts)) {
    if (part.type === "text") {
      pieces.push({ type: "text", text: part.text });
      continue;
    }
    const picture = pictures.get(part.picture);
    if (picture !== undefined) pieces.push({ type: "image", picture });
  }
  return pieces;
}

/** Only the words, for what keeps drafts and has no room for pictures. */
export function textOf(parts: readonly Part[]): string {
  return trimParts(parts)
    .flatMap((part) => (part.type === "text" ? [part.text] : []))
    .join("\n");
}

export type Measure = { text: number; images: number; blocks: number };

/** What the limits are about: characters as the server counts them (code points), pictures, blocks. */
export function measure(parts: readonly Part[]): Measure {
  const trimmed = trimParts(parts);
  let text = 0;
  let images = 0;
  for (const part of trimmed) {
    if (part.type === "image") images++;
    else for (const _ of part.text) text++;
  }
  return { text, images, blocks: trimmed.length };
}

export type Bounds = { text: number; images: number; blocks: number };

/** Why a message of this measure would be refused; undefined when it would not. */
export function excess(size: Measure, bounds: Bounds): "text" | "images" | "blocks" | undefined {
  if (size.text > bounds.text) return "text";
  if (size.images > bounds.images) return "images";
  return size.blocks > bounds.blocks ? "blocks" : undefined;
}
