/** What the seller writes in the open conversation: its draft loaded, kept and sent. */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { Picture, Thread } from "../../client/api.ts";
import { preparePicture } from "../../platform/picture.ts";
import { failureText } from "../../ui/i18n/failure-text.ts";
import { words as sharedWords } from "../../ui/i18n/language.ts";
import { showToast } from "../../ui/toast.tsx";
import type { Desk } from "../desk.ts";
import { consoleWords } from "../i18n/words.ts";
import { excess, type Measure, measure, toPieces } from "../model/editor-content.ts";
import { slashed } from "../model/phrases.ts";
import { type RichField, richField } from "./rich-field.ts";

export type Writing = {
  readonly size: ReadonlySignal<Measure>;
  /** How many batches of pictures are being made ready for the open conversation. */
  readonly preparing: ReadonlySignal<number>;
  /** What is typed after a slash that begins a word: it asks for a phrase. undefined while none does. */
  readonly slash: ReadonlySignal<string | undefined>;
  /** Puts a phrase where the slash is, or at the caret where there is none. */
  insertPhrase(text: string): void;
  /** Writes the slash that asks for one. */
  askForPhrase(): void;
  /** Leaves the slash as it is: a slash was meant. */
  dismissSlash(): void;
  /** Takes the element that is the field; null lets go of it. */
  attach(host: HTMLElement | null): void;
  /** Shows the draft of a conversation; what was written for the one before is kept. */
  open(conversation: string, thread: Thread): void;
  addFiles(files: readonly File[]): void;
  insertText(text: string): void;
  newline(): void;
  /** Sends what is written, and reports whether there was anything that could be sent. */
  send(): boolean;
  /** Keeps the draft now. */
  keep(): void;
  focus(): void;
  dispose(): void;
};

const NOTHING: Measure = { text: 0, images: 0, blocks: 0 };
const KEEP_AFTER_MS = 400;

export function openWriting(desk: Desk): Writing {
  return new DraftWriting(desk);
}

class DraftWriting implements Writing {
  readonly size = signal(NOTHING);
  readonly preparing = signal(0);
  readonly slash = signal<string | undefined>(undefined);
  /** Of pictures being made ready, by conversation. */
  private readonly batches = new Map<string, number>();
  private slashDismissed = false;
  private field: RichField | undefined;
  private at: { conversation: string; thread: Thread } | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private changedSinceKept = false;

  private readonly desk: Desk;
  private readonly stopTaking: () => void;

  constructor(desk: Desk) {
    this.desk = desk;
    addEventListener("pagehide", this.keep);
    this.stopTaking = desk.drafts.taken.subscribe((taken) => {
      // What is being written here is kept in a moment, and taken over there.
      if (taken.has(this.at?.conversation ?? "") && !this.changedSinceKept) this.load();
    });
  }

  readonly attach = (host: HTMLElement | null): void => {
    if (this.field !== undefined) {
      this.keep();
      this.field.dispose();
      this.field = undefined;
    }
    if (host === null) return;
    this.field = richField(host, {
      changed: () => this.changed(),
      typed: () => this.at?.thread.typing(),
      files: (files) => this.addFiles(files),
      caretMoved: () => this.lookForSlash(),
      pictureLabel: () => consoleWords().editor.picture,
    });
    this.load();
  };

  open(conversation: string, thread: Thread): void {
    if (this.at?.conversation !== conversation) this.keep();
    this.at = { conversation, thread };
    this.countBatches();
    this.load();
  }

  readonly addFiles = (files: readonly File[]): void => {
    const { at, field } = this;
    if (at === undefined || field === undefined) return;
    const pictures = files.filter((file) => file.type.startsWith("image/"));
    if (pictures.length < files.length) showToast(sharedWords().composer.notPicture);
    // They stand where they were put from now on, whatever is written while they are made ready.
    const placed = pictures.map((file) => ({ file, source: field.insertPicture(file) }));
    this.prepares(at.conversation, 1);
    void this.prepare(placed, at.conversation).finally(() => this.prepares(at.conversation, -1));
  };

  private prepares(conversation: string, more: 1 | -1): void {
    this.batches.set(conversation, (this.batches.get(conversation) ?? 0) + more);
    this.countBatches();
  }

  private countBatches(): void {
    this.preparing.value = this.batches.get(this.at?.conversation ?? "") ?? 0;
  }

  readonly insertText = (text: string): void => this.field?.insertText(text);

  readonly insertPhrase = (text: string): void => {
    const typed = this.slash.peek();
    if (typed === undefined) this.field?.insertText(text);
    else this.field?.replaceBefore(typed.length + 1, text);
    this.slash.value = undefined;
  };

  readonly askForPhrase = (): void => {
    const before = this.field?.beforeCaret() ?? "";
    this.slashDismissed = false;
    this.field?.insertText(before === "" || /\s$/u.test(before) ? "/" : " /");
    this.field?.focus();
  };

  readonly dismissSlash = (): void => {
    if (this.slash.peek() === undefined) return;
    this.slashDismissed = true;
    this.slash.value = undefined;
  };

  readonly newline = (): void => this.field?.newline();

  readonly send = (): boolean => {
    const { field, at } = this;
    // A picture that is still being made ready would come after what is said about it.
    if (field === undefined || at === undefined || this.preparing.peek() > 0) return false;
    const parts = field.parts();
    const pieces = toPieces(parts, field.pictures());
    if (pieces.length === 0 || excess(measure(parts), this.desk.me.limits) !== undefined) return false;
    at.thread.send(pieces);
    for (const source of field.pictures().keys()) URL.revokeObjectURL(source);
    field.load([], new Map());
    this.slash.value = undefined;
    this.changedSinceKept = true;
    this.keep();
    field.focus();
    return true;
  };

  readonly keep = (): void => {
    clearTimeout(this.timer);
    if (this.field === undefined || this.at === undefined || !this.changedSinceKept) return;
    this.changedSinceKept = false;
    this.desk.drafts.set(this.at.conversation, {
      parts: this.field.parts(),
      pictures: new Map(this.field.pictures()),
    });
  };

  focus(): void {
    this.field?.focus();
  }

  readonly dispose = (): void => {
    removeEventListener("pagehide", this.keep);
    this.stopTaking();
    this.attach(null);
  };

  private load(): void {
    if (this.field === undefined || this.at === undefined) return;
    const draft = this.desk.drafts.get(this.at.conversation);
    this.field.load(draft?.parts ?? [], draft?.pictures ?? new Map());
    clearTimeout(this.timer);
    this.changedSinceKept = false;
  }

  private lookForSlash(): void {
    const typed = slashed(this.field?.beforeCaret() ?? "");
    if (typed === undefined) this.slashDismissed = false;
    this.slash.value = this.slashDismissed ? undefined : typed;
  }

  private changed(): void {
    this.size.value = measure(this.field?.parts() ?? []);
    this.changedSinceKept = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(this.keep, KEEP_AFTER_MS);
  }

  /** One after the other: each takes memory for all of its pixels. */
  private async prepare(placed: readonly Placed[], at: string): Promise<void> {
    for (const { file, source } of placed) {
      const picture = await preparePicture(file, this.desk.me.limits);
      if ("code" in picture) {
        showToast(consoleWords().editor.badPicture(file.name, failureText(sharedWords(), picture)));
        this.settle(source, undefined, at);
        URL.revokeObjectURL(source);
      } else {
        this.settle(source, picture, at);
      }
    }
  }

  /** The seller may have gone elsewhere meanwhile: the picture belongs to the draft left behind. */
  private settle(source: string, picture: Picture | undefined, at: string): void {
    if (this.at?.conversation === at && this.field !== undefined) {
      this.field.settle(source, picture);
      return;
    }
    const draft = this.desk.drafts.get(at);
    if (draft === undefined) return;
    const pictures = new Map(draft.pictures);
    if (picture === undefined) pictures.delete(source);
    else pictures.set(source, picture);
    const parts = draft.parts.filter((part) => part.type !== "image" || pictures.has(part.picture));
    this.desk.drafts.set(at, { parts, pictures });
  }
}

type Placed = { file: File; source: string };
