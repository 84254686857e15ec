import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Failure } from "../../client/api.ts";
import type { Phrase } from "../../protocol/phrase.ts";
import { failureText } from "../../ui/i18n/failure-text.ts";
import { words as sharedWords } from "../../ui/i18n/language.ts";
import { Icon } from "../../ui/icon.tsx";
import { showToast } from "../../ui/toast.tsx";
import { useDesk } from "../desk.ts";
import { useHeldFocus } from "../hooks.ts";
import { consoleWords } from "../i18n/words.ts";
import type { Scope } from "../model/phrases.ts";
import type { PhraseBook } from "../phrases/phrase-book.ts";
import { holdsChanges, type PhraseEdit } from "./unsaved.ts";
import "./book.css";

/** Where the text of a phrase is written. */
const TEXT_ID = "book-text";

/** Where quick phrases are written, put in order and thrown away: one's own and the whole shop's. */
export function Phrases() {
  const { phrases: book, me, unsaved } = useDesk();
  const words = consoleWords().phrases;
  const editing = unsaved.phrase.value;
  const edit = (scope: Scope, phrase: Phrase | undefined) => {
    if (editing !== undefined && holdsChanges(editing)) {
      showToast(words.oneAtATime);
      document.getElementById(TEXT_ID)?.focus();
      return;
    }
    unsaved.phrase.value = { scope, phrase, title: phrase?.title ?? "", text: phrase?.text ?? "" };
  };
  useEffect(book.refresh, [book]);
  useFocusAfter(editing);
  // Who has no name of their own in the shop has only the shop's.
  const scopes: readonly Scope[] = me.agent === undefined || me.agent === "" ? ["shop"] : ["mine", "shop"];
  return (
    <div class="c-book">
      <p>{words.explain}</p>
      {editing !== undefined && (
        <Form
          key={`${editing.scope}/${editing.phrase?.id ?? ""}`}
          edit={editing}
          onChange={(now) => {
            unsaved.phrase.value = now;
          }}
        />
      )}
      {scopes.map((scope) => (
        <List key={scope} scope={scope} onEdit={(phrase) => edit(scope, phrase)} />
      ))}
    </div>
  );
}

const addId = (scope: Scope) => `book-add-${scope}`;
const editId = (phrase: Phrase) => `book-edit-${phrase.id}`;

/** Where the form stood there is nothing more: the focus goes to what it was about. */
function useFocusAfter(editing: PhraseEdit | undefined): void {
  const before = useRef<PhraseEdit>();
  useLayoutEffect(() => {
    const was = before.current;
    before.current = editing;
    if (was === undefined || editing !== undefined || document.activeElement !== document.body) return;
    const edited = was.phrase === undefined ? null : document.getElementById(editId(was.phrase));
    (edited ?? document.getElementById(addId(was.scope)))?.focus();
  }, [editing]);
}

function complain(failure: Failure | undefined): void {
  if (failure !== undefined) showToast(failureText(sharedWords(), failure));
}

function List({ scope, onEdit }: { scope: Scope; onEdit: (phrase: Phrase | undefined) => void }) {
  const { phrases: book } = useDesk();
  const words = consoleWords().phrases;
  const known = book.phrases.value;
  const list = known?.[scope] ?? [];
  const failure = book.failure.value;
  const rows = useRef<HTMLOListElement>(null);
  useHeldFocus(rows);
  return (
    <section aria-labelledby={`book-${scope}`}>
      <h4 id={`book-${scope}`}>{words[scope]}</h4>
      {known === undefined && (
        <p role="status">{failure === undefined ? words.loading : failureText(sharedWords(), failure)}</p>
      )}
      {list.length > 0 && (
        <ol ref={rows}>
          {list.map((phrase, at) => (
            <Row key={phrase.id} scope={scope} phrase={phrase} at={at} count={list.length} onEdit={onEdit} />
          ))}
        </ol>
      )}
      <button id={addId(scope)} type="button" class="button" onClick={() => onEdit(undefined)}>
        <Icon name="plus" /> {words.add}
      </button>
    </section>
  );
}

type RowProps = { scope: Scope; phrase: Phrase; at: number; count: number; onEdit: (phrase: Phrase) => void };

function Row({ scope, phrase, at, count, onEdit }: RowProps) {
  const { phrases: book } = useDesk();
  const words = consoleWords().phrases;
  const name = phrase.title ?? phrase.text;
  const remove = ({ currentTarget }: { currentTarget: HTMLElement }) => {
    const row = currentTarget.closest("li");
    const beside = row?.nextElementSibling ?? row?.previousElementSibling;
    const next = beside?.querySelector<HTMLElement>("button:last-of-type");
    (next ?? document.getElementById(addId(scope)))?.focus(); // this button goes
    void book.remove(scope, phrase.id).then(complain);
    showToast(words.removed(name), {
      label: sharedWords().app.undo,
      run: () => void book.keep(scope, phrase).then(complain),
    });
  };
  // At the end of the list it keeps the focus: who moves a phrase too far moves it back.
  const mover = (icon: "up" | "down", label: string, by: -1 | 1, end: number) => (
    <button
      type="button"
      class="icon-button"
      aria-label={label}
      title={label}
      aria-disabled={at === end}
      onClick={() => {
        if (at !== end) void book.move(scope, phrase.id, by).then(complain);
      }}
    >
      <Icon name={icon} />
    </button>
  );
  return (
    <li>
      <div class="c-book-text foreign" dir="auto">
        {phrase.title !== undefined && <strong class="truncate">{phrase.title}</strong>}
        <span class="truncate">{phrase.text}</span>
      </div>
      {mover("up", words.up(name), -1, 0)}
      {mover("down", words.down(name), 1, count - 1)}
      <button
        id={editId(phrase)}
        type="button"
        class="icon-button"
        aria-label={words.edit(name)}
        title={words.edit(name)}
        onClick={() => onEdit(phrase)}
      >
        <Icon name="pencil" />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label={words.remove(name)}
        title={words.remove(name)}
        onClick={remove}
      >
        <Icon name="trash" />
      </button>
    </li>
  );
}

/** Keeps what was written, unless a colleague has written something else there since: that is shown first. */
async function store(
  book: PhraseBook,
  edit: PhraseEdit,
  onOvertaken: (edit: PhraseEdit) => void,
): Promise<Failure | undefined> {
  const { scope, phrase, text } = edit;
  const title = edit.title.trim();
  if (phrase === undefined) return book.add(scope, title, text);
  const failure = await book.latest();
  if (failure !== undefined) return failure;
  const now = book.phrases.value?.[scope].find(({ id }) => id === phrase.id);
  if (now?.text === phrase.text && now.title === phrase.title)
    return book.keep(scope, { id: phrase.id, place: now.place, ...(title !== "" && { title }), text });
  onOvertaken({ ...edit, phrase: now }); // once more replaces it, or adds it where it is gone
  return { code: "settings_changed", message: "a colleague has changed the phrase" };
}

type FormProps = { edit: PhraseEdit; onChange: (edit: PhraseEdit | undefined) => void };

function Form({ edit, onChange }: FormProps) {
  const { phrases: book, me, unsaved } = useDesk();
  const words = consoleWords().phrases;
  const { scope, title, text } = edit;
  const [busy, setBusy] = useState(false);
  // It opened because somebody asked to write here.
  useLayoutEffect(() => document.getElementById(TEXT_ID)?.focus(), []);
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    const failure = await store(book, edit, (anew) => {
      if (unsaved.phrase.value === edit) onChange(anew);
    });
    setBusy(false);
    if (failure !== undefined) complain(failure);
    else if (unsaved.phrase.value === edit) onChange(undefined);
  };
  return (
    <form aria-label={words[scope]} onSubmit={(event) => void save(event)}>
      <label>
        {words.name}
        <input
          class="field"
          value={title}
          readOnly={busy}
          maxLength={64}
          onInput={(event) => onChange({ ...edit, title: event.currentTarget.value })}
        />
      </label>
      <label>
        {words.text}
        <textarea
          id={TEXT_ID}
          class="field"
          required
          readOnly={busy}
          value={text}
          maxLength={me.limits.text}
          onInput={(event) => onChange({ ...edit, text: event.currentTarget.value })}
        />
      </label>
      <div class="c-book-actions">
        <button type="button" class="button" onClick={() => onChange(undefined)}>
          {sharedWords().app.cancel}
        </button>
        <button type="submit" class="button primary" disabled={text.trim() === ""}>
          {words.save}
        </button>
      </div>
    </form>
  );
}
