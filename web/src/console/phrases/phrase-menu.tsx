import { useSignalEffect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Desk, useDesk } from "../desk.ts";
import type { Writing } from "../editor/writing.ts";
import { consoleWords } from "../i18n/words.ts";
import { composing } from "../model/keys.ts";
import { fill, findPhrases, type Names, type OwnedPhrase } from "../model/phrases.ts";
import "./phrases.css";

export const PHRASES_ID = "phrases";
const optionId = (at: number): string => `${PHRASES_ID}-${at}`;

export type PhraseChoice = {
  /** undefined while no slash asks for phrases. */
  readonly found: readonly OwnedPhrase[] | undefined;
  readonly active: number;
  /** The id of the active option, for the field whose focus stays. */
  readonly activeId: string | undefined;
  choose(phrase: OwnedPhrase): void;
  /** Takes a press in the field if it is for the list, or for a phrase by its number; says whether it did. */
  press(event: KeyboardEvent): boolean;
};

/** What a slash in the field asks for. */
export function usePhrases(writing: Writing, names: Names): PhraseChoice {
  const desk = useDesk();
  const { phrases: book } = desk;
  const [active, setActive] = useState(0);
  const [awaited, setAwaited] = useState<string>();
  const typed = writing.slash.value;
  useSignalEffect(() => {
    if (writing.slash.value !== undefined) book.refresh();
  });
  useEffect(() => setActive(0), [typed]);
  useEffect(book.fetch, [book]); // for those that are called by their number
  const found = typed === undefined ? undefined : findPhrases(book.all.value, typed, book.soundsLike.value);
  const choose = (phrase: OwnedPhrase) => writing.insertPhrase(fill(phrase.text, names));
  const coming = book.coming.value;
  const press = (event: KeyboardEvent): boolean => {
    const number = numbered(event);
    if (number !== undefined) return byNumber(desk, number, choose);
    if (found === undefined || composing(event) || event.ctrlKey || event.metaKey || event.altKey)
      return false;
    const wait = () => setAwaited(typed);
    return inList(event, { found, active, setActive, choose, coming, wait, dismiss: writing.dismissSlash });
  };
  const [first] = found ?? [];
  useEffect(() => {
    if (awaited === undefined || (awaited === typed && first === undefined && coming)) return;
    setAwaited(undefined);
    if (awaited === typed && first !== undefined) choose(first);
  }, [awaited, typed, first, coming]);
  const at = Math.min(active, Math.max(0, (found?.length ?? 0) - 1));
  return { found, active: at, activeId: (found?.length ?? 0) > 0 ? optionId(at) : undefined, choose, press };
}

/** Alt with a digit; on a Mac such a press types a sign, which is what `key` says then. */
function numbered({ code, altKey, ctrlKey, metaKey, shiftKey }: KeyboardEvent): number | undefined {
  const digit = /^Digit([1-9])$/.exec(code)?.[1];
  return digit === undefined || !altKey || ctrlKey || metaKey || shiftKey ? undefined : Number(digit);
}

function byNumber(desk: Desk, number: number, choose: (phrase: OwnedPhrase) => void): boolean {
  const phrase = desk.phrases.all.peek()[number - 1];
  if (phrase !== undefined) choose(phrase);
  else desk.phrases.fetch();
  return true;
}

type Listed = {
  found: readonly OwnedPhrase[];
  active: number;
  setActive(at: number): void;
  choose(phrase: OwnedPhrase): void;
  coming: boolean;
  /** Chooses as soon as there is something to choose. */
  wait(): void;
  dismiss(): void;
};

function inList(event: KeyboardEvent, listed: Listed): boolean {
  const { found, active, setActive, choose, coming, wait, dismiss } = listed;
  const last = found.length - 1;
  const phrase = found[Math.min(active, last)];
  switch (event.key) {
    case "ArrowDown":
      setActive(active >= last ? 0 : active + 1);
      return true;
    case "ArrowUp":
      setActive(active <= 0 ? last : active - 1);
      return true;
    case "Enter":
    case "Tab":
      if (event.shiftKey || (phrase === undefined && !coming)) return false;
      if (phrase === undefined) wait();
      else choose(phrase);
      return true;
    case "Escape":
      event.stopPropagation();
      dismiss();
      return true;
    default:
      return false;
  }
}

/** The phrases that were found, above the field. */
export function PhraseMenu({ choice, names }: { choice: PhraseChoice; names: Names }) {
  const { phrases: book, dialog } = useDesk();
  const words = consoleWords().phrases;
  const { found, active } = choice;
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [active, found]);
  if (found === undefined) return null;
  const all = book.all.value;
  return (
    <div class="c-phrases">
      <p class="visually-hidden" role="status">
        {words.found(found.length)}
      </p>
      {found.length === 0 ? (
        <p class="c-phrases-none">
          {note(
            book.phrases.value === undefined || book.coming.value,
            book.failure.value !== undefined,
            all.length,
          )}
        </p>
      ) : (
        <div ref={list} id={PHRASES_ID} role="listbox" aria-label={words.title}>
          {found.map((phrase, at) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the field's, which keeps the focus
            // biome-ignore lint/a11y/useFocusableInteractive: as above
            <div
              key={`${phrase.scope}/${phrase.id}`}
              id={optionId(at)}
              role="option"
              class="c-phrase"
              aria-selected={at === active}
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => choice.choose(phrase)}
            >
              {phrase.title !== undefined && (
                <strong class="foreign truncate" dir="auto">
                  {phrase.title}
                </strong>
              )}
              <span class="foreign truncate" dir="auto">
                {fill(phrase.text, names)}
              </span>
              <Digit of={all.indexOf(phrase)} />
            </div>
          ))}
        </div>
      )}
      <button
        type="button"
        class="button quiet c-phrases-manage"
        onPointerDown={(event) => event.preventDefault()}
        onClick={() => {
          dialog.value = "phrases";
        }}
      >
        {words.manage}
      </button>
    </div>
  );
}

function note(loading: boolean, failed: boolean, known: number): string {
  const words = consoleWords().phrases;
  if (failed && known === 0) return words.failed;
  if (loading) return words.loading;
  return known === 0 ? words.empty : words.noMatch;
}

function Digit({ of }: { of: number }) {
  return of < 0 || of > 8 ? null : <kbd>Alt+{of + 1}</kbd>;
}
