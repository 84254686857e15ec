/**
 * The field in which text and pictures mix: a contenteditable element that takes plain text and pictures
 * and nothing else. Everything is inserted by the browser's own editing commands, because only those keep
 * its undo history whole; nothing is ever inserted as HTML.
 */
import type { Picture } from "../../client/api.ts";
import { type Part, readParts } from "../model/editor-content.ts";

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
  insertPicture(picture: Picture): void;
  newline(): void;
  focus(): void;
  dispose(): void;
};

/** Turns `host` (contenteditable, white-space: pre-wrap) into a field. */
export function richField(host: HTMLElement, hooks: RichFieldHooks): RichField {
  const pictures = new Map<string, Picture>();
  const caret = rememberCaret(host, () => hooks.caretMoved());
  function changed(): void {
    host.toggleAttribute("data-empty", blank(readParts(host)));
    hooks.changed();
  }

  function command(name: string, value?: string): void {
    caret.restore();
    host.ownerDocument.execCommand(name, false, value);
  }

  function insertText(text: string): void {
    if (text !== "") command("insertText", text.replace(/\r\n?/gu, "\n"));
  }

  function take(data: DataTransfer | null): void {
    const files = pictureFiles(data);
    const text = data?.getData("text/plain") ?? "";
    // Office programs add a picture of the text that was copied: the text is what was meant.
    if (files.length > 0 && text.trim() === "") hooks.files(files);
    else insertText(text);
  }

  const stops = listen(host, { hooks, caret, changed, take });

  return {
    parts: () => readParts(host),
    pictures: () => pictures,
    load: (parts, from) => {
      pictures.clear();
      for (const [source, picture] of from) pictures.set(source, picture);
      host.replaceChildren(...parts.flatMap((part) => nodesOf(part, pictures, host.ownerDocument, hooks)));
      caret.toEnd();
      changed();
    },
    insertText,
    beforeCaret: () => caret.before(),
    replaceBefore: (count, text) => {
      caret.restore();
      caret.selectBefore(count);
      insertText(text);
    },
    insertPicture: (picture) => {
      const source = URL.createObjectURL(picture.bytes);
      pictures.set(source, picture);
      command("insertImage", source);
      for (const image of host.querySelectorAll("img")) image.alt = hooks.pictureLabel();
      changed();
    },
    newline: () => command("insertLineBreak"),
    focus: () => {
      host.focus({ preventScroll: true });
      caret.restore();
    },
    dispose: () => {
      for (const stop of stops) stop();
    },
  };
}

type Listening = {
  hooks: RichFieldHooks;
  caret: Caret;
  changed(): void;
  take(data: DataTransfer | null): void;
};

/** Listens to what the user does in the field; the functions that are returned end it. */
function listen(host: HTMLElement, { hooks, caret, changed, take }: Listening): (() => void)[] {
  let own = false; // what is dragged is a part of the field: the browser moves it
  return [
    caret.stop,
    on(host, "input", () => {
      changed();
      hooks.typed();
      hooks.caretMoved();
    }),
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

type Caret = ReturnType<typeof rememberCaret>;

/** Keeps where the caret was while another control (emoji, file dialog) has the focus. */
function rememberCaret(host: HTMLElement, moved: () => void) {
  let last: Range | undefined;
  const doc = host.ownerDocument;
  const note = () => {
    const selection = doc.getSelection();
    if (selection === null || selection.rangeCount === 0) return;
    const range = selection.getRangeAt(0);
    if (!host.contains(range.commonAncestorContainer)) return;
    last = range.cloneRange();
    moved();
  };
  doc.addEventListener("selectionchange", note);

  function end(): Range {
    const range = doc.createRange();
    range.selectNodeContents(host);
    range.collapse(false);
    return range;
  }

  function select(range: Range): void {
    last = range;
    const selection = doc.getSelection();
    selection?.removeAllRanges();
    selection?.addRange(range);
  }

  function holdsSelection(): boolean {
    const anchor = doc.getSelection()?.anchorNode ?? null;
    return doc.activeElement === host && anchor !== null && host.contains(anchor);
  }

  /** The text node that the caret is in and how far, if it is in one. */
  function inText(): [Text, number] | undefined {
    const node = last?.startContainer;
    return node instanceof Text && last?.collapsed === true ? [node, last.startOffset] : undefined;
  }

  return {
    before: () => {
      const [node, offset] = inText() ?? [];
      let text = node?.data.slice(0, offset) ?? "";
      // Browsers split what is typed as they like.
      for (let at = node?.previousSibling; at instanceof Text; at = at.previousSibling) text = at.data + text;
      return text;
    },
    selectBefore: (count: number) => {
      const [node, offset] = inText() ?? [];
      const range = node === undefined || offset === undefined ? undefined : rangeBefore(node, offset, count);
      if (range !== undefined) select(range);
    },
    stop: () => doc.removeEventListener("selectionchange", note),
    set: (range: Range | undefined) => {
      host.focus({ preventScroll: true });
      if (range !== undefined) select(range);
    },
    toEnd: () => {
      last = end();
      if (doc.activeElement === host) select(last);
    },
    restore: () => {
      if (holdsSelection()) return;
      const range = last !== undefined && host.contains(last.commonAncestorContainer) ? last : end();
      host.focus({ preventScroll: true });
      select(range);
    },
  };
}

/** The last `count` characters before a place in text, which may have been split into several nodes. */
function rangeBefore(end: Text, offset: number, count: number): Range | undefined {
  let node = end;
  let from = offset - count;
  for (; from < 0 && node.previousSibling instanceof Text; from += node.length) node = node.previousSibling;
  if (from < 0) return undefined;
  const range = end.ownerDocument.createRange();
  range.setStart(node, from);
  range.setEnd(end, offset);
  return range;
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
