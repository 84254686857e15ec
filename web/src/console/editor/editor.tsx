import { useEffect, useMemo, useState } from "preact/hooks";
import type { Thread } from "../../client/api.ts";
import type { Limits } from "../../protocol/body.ts";
import { holdKeyName } from "../../ui/hold-key.ts";
import { onTouch } from "../../ui/touch.ts";
import { useDesk } from "../desk.ts";
import { consoleWords } from "../i18n/words.ts";
import { excess, type Measure } from "../model/editor-content.ts";
import { editorAction } from "../model/keys.ts";
import type { Names } from "../model/phrases.ts";
import { PHRASES_ID, PhraseMenu, usePhrases } from "../phrases/phrase-menu.tsx";
import { LazyProductPicker } from "../products/lazy-product-picker.ts";
import { EditorTools } from "./tools.tsx";
import { openWriting, type Writing } from "./writing.ts";

type EditorProps = {
  conversation: string;
  thread: Thread;
  name: string;
  writing: Writing;
};

/** Where the seller writes: text and pictures in any order, kept per conversation until sent. */
export function Editor({ conversation, thread, name, writing }: EditorProps) {
  const desk = useDesk();
  useEffect(() => writing.open(conversation, thread), [writing, conversation, thread]);
  const wish = desk.wishToWrite.value;
  useEffect(() => {
    if (wish > 0) writing.focus();
  }, [wish, writing, conversation]);

  const words = consoleWords().editor;
  const { limits } = desk.me;
  const size = writing.size.value;
  const over = excess(size, limits);
  const empty = size.blocks === 0;

  const names = usePhraseNames(conversation, thread);
  const phrases = usePhrases(writing, names);
  const press = (event: KeyboardEvent) => {
    if (phrases.press(event)) {
      event.preventDefault();
      return;
    }
    const action = editorAction(event, desk.prefs.prefs.value.sendKey, onTouch());
    if (action === undefined) return;
    event.preventDefault();
    if (action === "newline") writing.newline();
    else if (writing.send() && action === "send-next") void desk.openNextUnread();
  };

  return (
    <section class="c-editor" aria-label={words.label(name)}>
      <PhraseMenu choice={phrases} names={names} />
      <Tools key={conversation} thread={thread} writing={writing} />
      {/* biome-ignore lint/a11y/useSemanticElements: a textarea holds no pictures. */}
      <div
        ref={writing.attach}
        id={EDITOR_ID}
        class="c-field foreign"
        role="textbox"
        tabIndex={0}
        contentEditable
        dir="auto"
        aria-multiline="true"
        aria-label={words.label(name)}
        aria-describedby="editor-count"
        aria-invalid={over !== undefined}
        aria-autocomplete="list"
        aria-haspopup="listbox"
        aria-controls={phrases.activeId === undefined ? undefined : PHRASES_ID}
        aria-activedescendant={phrases.activeId}
        enterkeyhint={onTouch() || desk.prefs.prefs.value.sendKey !== "enter" ? "enter" : "send"}
        data-placeholder={words.placeholder}
        onKeyDown={press}
        onBlur={() => {
          writing.keep();
          writing.dismissSlash();
        }}
      />
      <div class="c-editor-foot">
        <Count size={size} limits={limits} over={over} />
        <SendHint />
        <button
          class="button primary c-send"
          type="button"
          disabled={empty || over !== undefined || writing.preparing.value > 0}
          // The field keeps the focus, so that the keyboard of a phone stays.
          onPointerDown={(event) => event.preventDefault()}
          onMouseDown={(event) => event.preventDefault()}
          onClick={writing.send}
        >
          {words.send}
        </button>
      </div>
    </section>
  );
}

/** The row above the field, and the dialog that it opens. */
function Tools({ thread, writing }: Pick<EditorProps, "thread" | "writing">) {
  const [picking, setPicking] = useState(false);
  return (
    <>
      <EditorTools
        onEmoji={writing.insertText}
        onFiles={writing.addFiles}
        onPhrases={writing.askForPhrase}
        onProducts={() => setPicking(true)}
        status={writing.preparing.value > 0 ? consoleWords().editor.preparing : undefined}
      />
      {picking && (
        <LazyProductPicker
          title={consoleWords().products.title}
          onClose={() => setPicking(false)}
          onPick={(product) => {
            setPicking(false);
            thread.send([{ type: "product", product }]);
          }}
        />
      )}
    </>
  );
}

/** What {buyer} and {product} stand for in this conversation. */
function usePhraseNames(id: string, thread: Thread): Names {
  const { client } = useDesk();
  const conversation = thread.conversation.value ?? client.inbox.rows.value.find((row) => row.id === id);
  return { buyer: conversation?.buyer.name, product: conversation?.product?.title };
}

/** The id of the field, for the keys and links that jump there. */
export const EDITOR_ID = "editor";

/** So many characters more are written before that is said again. */
const spokenEvery = 50;

type CountProps = { size: Measure; limits: Limits; over: ReturnType<typeof excess> };

/** Says nothing until the end of the room comes near. */
function Count({ size, limits, over }: CountProps) {
  const words = consoleWords().editor;
  const near = size.text > limits.text * 0.8;
  const text = {
    text: words.tooLong(size.text - limits.text),
    images: words.tooManyImages(limits.images),
    blocks: words.tooManyBlocks,
    none: near ? words.count(size.text, limits.text) : "",
  }[over ?? "none"];
  // Not at every key: each time that a good deal less is left, and when it is too much.
  const aloud = useMemo(() => text, [over ?? (near && Math.floor(size.text / spokenEvery))]);
  return (
    <>
      <p id="editor-count" class="c-count" data-over={over !== undefined}>
        {text}
      </p>
      <output class="visually-hidden">{aloud}</output>
    </>
  );
}

function SendHint() {
  const words = consoleWords().editor;
  const { sendKey } = useDesk().prefs.prefs.value;
  return (
    <span class="c-send-hint">
      {sendKey === "enter" ? words.sendHintEnter : words.sendHintCtrl(holdKeyName())}
    </span>
  );
}

/** The writing of a thread pane, for as long as it is there. */
export function useWriting(): Writing {
  const desk = useDesk();
  const writing = useMemo(() => openWriting(desk), [desk]);
  useEffect(() => writing.dispose, [writing]);
  return writing;
}
