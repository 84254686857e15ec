/**
 * The field in which text and pictures mix: a contenteditable element that takes plain text and pictures
 * and nothing else. Everything is inserted by the browser's own editing commands; nothing is ever inserted
 * as HTML. What can be undone is kept here: the browser's own history goes on over a change of the draft,
 * and would bring what was written to one buyer into the message to another.
 */
import type { Picture } from "../../client/api.ts";
import { type Part, readParts } from "../model/editor-content.ts";
import { History, stepOf } from "../model/history.ts";
import { type Caret, rememberCaret } from "./caret.ts";

export type RichFieldHooks = {
  /** The content changed, by whatever way. */
  changed(): void;
  /** The user wrote something, as against a draft that was loaded. */
  typed(): void;
  /** Pictures were pasted or dropped here. */
  files(files: readonly File[]): void;
  /** The caret is elsewhere, or the text around it is another. */
  caretMoved(): void;
  /** What to call a picture for who cannot see it. */
  pictureLabel(): string;
};

export type RichField = {
  parts(): Part[];
  pictures(): ReadonlyMap<string, Picture>;
  /** Replaces everything; the undo history starts anew. */
  load(parts: readonly Part[], pictures: ReadonlyMap<string, Picture>): void;
  insertText(text: string): void;
  /** The text from the last break or picture up to the caret. */
  beforeCaret(): string;
  /** Puts `text` in place of the last `count` characters before the caret, as one step to undo. */
  replaceBefore(count: number, text: string): void;
  /** Shows a picture at the caret at once, and returns the source that it is known by until it is `settled`. */
  insertPicture(file: Blob): string;
  /** It is ready to be sent; or it cannot be had, and goes. */
  settle(source: string, picture: Picture | undefined): void;
  newline(): void;
  focus(): void;
  dispose(): void;
};

/** Turns `host` (contenteditable, white-space: pre-wrap) into a field. */
export function richField(host: HTMLElement, hooks: RichFieldHooks): RichField {
  return new Field(host, hooks);
}

class Field implements RichField {
  private readonly known = new Map<string, Picture>();
  private readonly history = new History<State>();
  private readonly host: HTMLElement;
  private readonly hooks: RichFieldHooks;
  private readonly caret: Caret;
  private readonly stops: readonly (() => void)[];
  /** An input method is choosing characters: the letters on the way there are nothing to go back to. */
  private composing = false;

  constructor(host: HTMLElement, hooks: RichFieldHooks) {
    this.host = host;
    this.hooks = hooks;
    this.caret = rememberCaret(host, () => hooks.caretMoved());
    this.stops = [
      this.caret.stop,
      on(host, "input", (event) => {
        this.changed();
        if (!this.composing) this.note(stepOf(event as InputEvent));
        hooks.typed();
        hooks.caretMoved();
      }),
      on(host, "compositionstart", () => {
        this.composing = true;
      }),
      on(host, "compositionend", () => {
        this.composing = false;
        this.note("insertCompositionText");
      }),
      ...listenForUndo(host, {
        undo: () => this.goTo(this.history.back()),
        redo: () => this.goTo(this.history.forward()),
      }),
      ...listenForDrops(host, this.caret, (data) => this.take(data)),
    ];
  }

  parts(): Part[] {
    return readParts(this.host);
  }

  pictures(): ReadonlyMap<string, Picture> {
    return this.known;
  }

  load(parts: readonly Part[], pictures: ReadonlyMap<string, Picture>): void {
    this.known.clear();
    for (const [source, picture] of pictures) this.known.set(source, picture);
    this.show({ parts, caret: Number.POSITIVE_INFINITY });
    this.history.begin(this.state());
  }

  insertText(text: string): void {
    if (text !== "") this.command("insertText", text.replace(/\r\n?/gu, "\n"));
  }

  beforeCaret(): string {
    return this.caret.before();
  }

  replaceBefore(count: number, text: string): void {
    this.caret.restore();
    this.caret.selectBefore(count);
    this.insertText(text);
  }

  insertPicture(file: Blob): string {
    const source = URL.createObjectURL(file);
    this.known.set(source, { bytes: file, width: 0, height: 0 });
    this.command("insertImage", source);
    for (const image of this.images()) image.alt = this.hooks.pictureLabel();
    this.changed();
    return source;
  }

  settle(source: string, picture: Picture | undefined): void {
    if (picture !== undefined) this.known.set(source, picture);
    else {
      this.known.delete(source);
      for (const image of this.images()) if (image.src === source) image.remove();
    }
    this.changed();
  }

  newline(): void {
    this.command("insertLineBreak");
  }

  focus(): void {
    this.host.focus({ preventScroll: true });
    this.caret.restore();
  }

  dispose(): void {
    for (const stop of this.stops) stop();
  }

  private images(): Iterable<HTMLImageElement> {
    return this.host.querySelectorAll("img");
  }

  private state(): State {
    return { parts: this.parts(), caret: this.caret.offset() };
  }

  private show({ parts, caret }: State): void {
    const { host, hooks, known } = this;
    host.replaceChildren(...parts.flatMap((part) => nodesOf(part, known, host.ownerDocument, hooks)));
    this.caret.to(caret);
    this.changed();
  }

  /** Something was written. Browsers differ in whether they say so before or after a composition ends, or twice. */
  private note(step: string): void {
    const state = this.state();
    if (!sameParts(state.parts, this.history.now?.parts)) this.history.note(state, step, performance.now());
  }

  private goTo(state: State | undefined): void {
    if (state === undefined) return;
    this.show(state);
    this.hooks.caretMoved();
  }

  private changed(): void {
    this.host.toggleAttribute("data-empty", blank(this.parts()));
    this.hooks.changed();
  }

  private command(name: string, value?: string): void {
    this.caret.restore();
    this.host.ownerDocument.execCommand(name, false, value);
  }

  private take(data: DataTransfer | null): void {
    const files = pictureFiles(data);
    const text = data?.getData("text/plain") ?? "";
    // Office programs add a picture of the text that was copied: the text is what was meant.
    if (files.length > 0 && text.trim() === "") this.hooks.files(files);
    else this.insertText(text);
  }
}

/** What the field holds, and how far into it the caret is. */
type State = { parts: readonly Part[]; caret: number };

function sameParts(one: readonly Part[], other: readonly Part[] | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Takes undo and redo, however they are asked for, away from the browser. */
function listenForUndo(host: HTMLElement, { undo, redo }: { undo(): void; redo(): void }): (() => void)[] {
  return [
    on(host, "keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.isComposing) return;
      const key = event.key.toLowerCase();
      if (key !== "z" && key !== "y") return;
      event.preventDefault();
      if (key === "y" || event.shiftKey) redo();
      else undo();
    }),
    // From a menu, or by shaking a phone.
    on(host, "beforeinput", (event) => {
      if (event.inputType !== "historyUndo" && event.inputType !== "historyRedo") return;
      event.preventDefault();
      if (event.inputType === "historyUndo") undo();
      else redo();
    }),
  ];
}

/** Takes what is pasted and dropped; the functions that are returned end it. */
function listenForDrops(
  host: HTMLElement,
  caret: Caret,
  take: (data: DataTransfer | null) => void,
): (() => void)[] {
  let own = false; // what is dragged is a part of the field: the browser moves it
  return [
    on(host, "beforeinput", refuseFormatting),
    // Of the document's: what is moved takes its own "dragend" along.
    on(host.ownerDocument, "dragstart", ({ target }) => {
      own = target instanceof Node && host.contains(target);
    }),
    on(host.ownerDocument, "dragend", () => {
      own = false;
    }),
    on(host, "dragover", (event) => {
      if (own) event.stopPropagation();
      else acceptDrag(event);
    }),
    on(host, "paste", (event) => {
      event.preventDefault();
      take(event.clipboardData);
    }),
    on(host, "drop", (event) => {
      event.stopPropagation();
      if (own) {
        own = false;
        return;
      }
      event.preventDefault();
      caret.set(rangeAtPoint(host, event.clientX, event.clientY));
      take(event.dataTransfer);
    }),
  ];
}

/** Whether nothing stands in the field; an emptied one keeps a break to hold the caret. */
function blank(parts: readonly Part[]): boolean {
  return parts.every((part) => part.type === "text" && part.text === "\n") && parts.length < 2;
}

function on<K extends keyof HTMLElementEventMap>(
  host: HTMLElement | Document,
  type: K,
  listener: (event: HTMLElementEventMap[K]) => void,
): () => void {
  const heard = listener as EventListener;
  host.addEventListener(type, heard);
  return () => host.removeEventListener(type, heard);
}

/** Bold, italic and the like have no place in a message. */
function refuseFormatting(event: InputEvent): void {
  if (event.inputType.startsWith("format")) event.preventDefault();
}

function acceptDrag(event: DragEvent): void {
  event.preventDefault();
  if (event.dataTransfer !== null) event.dataTransfer.dropEffect = "copy";
}

/** The pictures among what is pasted or dropped. */
export function pictureFiles(data: DataTransfer | null): File[] {
  return [...(data?.files ?? [])].filter((file) => file.type.startsWith("image/"));
}

function nodesOf(
  part: Part,
  pictures: ReadonlyMap<string, Picture>,
  doc: Document,
  hooks: RichFieldHooks,
): Node[] {
  if (part.type === "text") {
    return part.text.split("\n").flatMap((line, i) => {
      const text = line === "" ? [] : [doc.createTextNode(line)];
      return i === 0 ? text : [doc.createElement("br"), ...text];
    });
  }
  if (!pictures.has(part.picture)) return [];
  const image = doc.createElement("img");
  image.src = part.picture;
  image.alt = hooks.pictureLabel();
  return [image];
}

function rangeAtPoint(host: HTMLElement, x: number, y: number): Range | undefined {
  // The standard's way, and what browsers had before there was one.
  const doc = host.ownerDocument as Document & { caretRangeFromPoint?(x: number, y: number): Range | null };
  const position = doc.caretPositionFromPoint?.(x, y);
  const range = doc.createRange();
  if (position != null) range.setStart(position.offsetNode, position.offset);
  const found = position != null ? range : doc.caretRangeFromPoint?.(x, y);
  return found != null && host.contains(found.startContainer) ? found : undefined;
}
