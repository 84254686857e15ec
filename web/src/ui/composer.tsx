import { type Signal, signal } from "@preact/signals";
import type { JSX, RefObject } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { Piece } from "../client/api.ts";
import type { Limits } from "../protocol/body.ts";
import { EmojiButton } from "./emoji-button.tsx";
import { FirstIcon } from "./first-icon.tsx";
import { firstWords } from "./i18n/language.ts";
import { later } from "./later.ts";
import { lazy, sayNotLoaded, withWords } from "./lazy.tsx";
import { insertAt, leftToSay, lengthOf, meaningOf } from "./model/compose.ts";
import { PickButton } from "./pick-button.tsx";
import { onTouch } from "./touch.ts";
import { type ChoosePictures, drop, filesIn, type Pictures } from "./use-pictures.ts";
import "./composer.css";

export type ComposerProps = {
  /** What is written so far: see `useDraft`. */
  text: Signal<string>;
  limits: Pick<Limits, "text" | "images">;
  placeholder: string;
  pictures: Pictures;
  /** How pictures are chosen, where that is not the device's own way. */
  choose?: ChoosePictures | undefined;
  onSend(pieces: readonly Piece[]): void;
  onTyping(): void;
};

const loadPictureTray = later(() => import("./picture-tray.tsx"));
const loadPicked = later(() => withWords(() => import("./picked.ts")));

const PictureTray = lazy<{ pictures: Pictures }>(async () => (await loadPictureTray()).PictureTray);

/** So many characters less are left before that is said again. */
const spokenEvery = 50;

/** What the button says of the keys that send, where Enter alone is none of them. */
export const otherHint: Signal<string | undefined> = signal(undefined);

/** Where messages are written: text, emoji and pictures. */
export function Composer(props: ComposerProps): JSX.Element {
  const { pictures, limits, text } = props;
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    // In a frame that would take the focus from the page around it, where somebody may be writing.
    if (!onTouch() && (parent === window || document.hasFocus()))
      field.current?.focus({ preventScroll: true });
  }, [text]);
  const waiting = pictures.items.value.some((p) => p.picture === undefined && p.failure === undefined);
  const ready = pictures.items.value.some((p) => p.picture !== undefined);
  const fits = lengthOf(text.value) <= limits.text;
  const sendable = !waiting && (ready || text.value.trim() !== "") && fits;
  const send = () => {
    if (!sendable) return;
    props.onSend(piecesOf(pictures, text.peek()));
    text.value = "";
    field.current?.focus({ preventScroll: true });
  };
  const insert = (added: string) => {
    const box = field.current;
    if (box === null) return;
    const next = insertAt(text.peek(), box.selectionStart, box.selectionEnd, added);
    text.value = next.text;
    box.value = next.text;
    box.setSelectionRange(next.caret, next.caret);
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {pictures.items.value.length > 0 && <PictureTray pictures={pictures} />}
      <div class="composer-row">
        <PickButton
          choose={props.choose}
          room={limits.images - pictures.items.value.length}
          onPick={(files) => addPictures(pictures, files)}
        />
        <EmojiButton onPick={insert} />
        <Field {...props} field={field} onEnter={send} />
        <SendButton disabled={!sendable} />
      </div>
      <Counter left={leftToSay(text.value, limits.text)} />
    </form>
  );
}

type FieldProps = ComposerProps & { field: RefObject<HTMLTextAreaElement>; onEnter(): void };

function Field({ text, placeholder, pictures, field, onTyping, onEnter }: FieldProps): JSX.Element {
  const written = text.value;
  useLayoutEffect(() => grow(field.current), [field, written]);
  return (
    <textarea
      ref={field}
      class="composer-field"
      rows={1}
      dir="auto"
      value={written}
      placeholder={placeholder}
      aria-label={firstWords().composer.label}
      aria-describedby="composer-count"
      autocomplete="off"
      enterkeyhint={onTouch() ? "enter" : "send"}
      onInput={(event) => {
        text.value = event.currentTarget.value;
        if (event.currentTarget.value !== "") onTyping();
      }}
      onKeyDown={(event) => {
        if (meaningOf(event, onTouch()) !== "send") return;
        event.preventDefault();
        onEnter();
      }}
      onPaste={(event) => {
        const found = filesIn(event.clipboardData);
        if (found.length === 0) return;
        event.preventDefault();
        addPictures(pictures, found);
      }}
    />
  );
}

function Counter({ left }: { left: number | undefined }): JSX.Element {
  const over = left !== undefined && left < 0;
  const text =
    left === undefined ? "" : over ? firstWords().composer.tooLong(-left) : firstWords().composer.left(left);
  // Not at every key: each time that a good deal less is left, and when it is too much.
  const aloud = useMemo(() => text, [left === undefined || over ? over : Math.ceil(left / spokenEvery)]);
  return (
    <>
      <p id="composer-count" class={`composer-count${over ? " over" : ""}`}>
        {text}
      </p>
      <span class="visually-hidden" role="status">
        {aloud}
      </span>
    </>
  );
}

function SendButton({ disabled }: { disabled: boolean }): JSX.Element {
  return (
    <button
      type="submit"
      class="composer-send"
      aria-label={firstWords().composer.send}
      title={onTouch() ? undefined : (otherHint.value ?? firstWords().composer.enterHint)}
      aria-disabled={disabled}
      // The field keeps the focus, so that the keyboard of a phone stays.
      onPointerDown={(event) => event.preventDefault()}
      onMouseDown={(event) => event.preventDefault()}
    >
      <FirstIcon name="send" />
    </button>
  );
}

/** Adds pictures and says so where there was no room for all. */
export function addPictures(pictures: Pictures, files: readonly File[]): void {
  loadPicked().then(({ add }) => add(pictures, files), sayNotLoaded);
}

/** Pictures first, then what is said about them. */
function piecesOf(pictures: Pictures, text: string): Piece[] {
  const pieces: Piece[] = pictures.items.value.flatMap(({ picture }) =>
    picture === undefined ? [] : [{ type: "image", picture }],
  );
  // One that could not be prepared stays in sight: it must not seem sent.
  drop(pictures, ({ failure }) => failure === undefined);
  if (text.trim() !== "") pieces.push({ type: "text", text });
  return pieces;
}

function grow(field: HTMLTextAreaElement | null): void {
  if (field === null) return;
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight + field.offsetHeight - field.clientHeight}px`;
}
