import Database from "emoji-picker-element/database";
import type { NativeEmoji } from "emoji-picker-element/shared";
import enData from "emoji-picker-element-data/en/emojibase/data.json?url";
import zhData from "emoji-picker-element-data/zh/emojibase/data.json?url";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { type Language, language, words } from "./i18n/language.ts";
import "./field.css";
import "./emoji-panel.css";

export type EmojiPanelProps = { onPick(emoji: string): void };

/** Groups of the data; 2 holds the skin tones, which stand for nothing by themselves. */
const groups: readonly { id: number; face: string }[] = [
  { id: -1, face: "🕘" },
  { id: 0, face: "😀" },
  { id: 1, face: "👋" },
  { id: 3, face: "🐻" },
  { id: 4, face: "🍔" },
  { id: 5, face: "✈️" },
  { id: 6, face: "⚽" },
  { id: 7, face: "💡" },
  { id: 8, face: "❤️" },
  { id: 9, face: "🏁" },
];

const dataOf: Record<Language, string> = { en: enData, "zh-CN": zhData };
const kept = new Map<Language, Database>();

/** One database a language: it keeps the emoji and what was used often in IndexedDB. */
function databaseOf(spoken: Language): Database {
  const known = kept.get(spoken);
  if (known !== undefined) return known;
  const made = new Database({ dataSource: dataOf[spoken], locale: spoken });
  kept.set(spoken, made);
  return made;
}

/** Emoji by group, and found by words of the user's language. */
export function EmojiPanel({ onPick }: EmojiPanelProps): JSX.Element {
  const [group, setGroup] = useState(0);
  const [search, setSearch] = useState("");
  const found = useEmoji(group, search);
  const text = words().emoji;
  const pick = (emoji: NativeEmoji) => {
    onPick(emoji.unicode);
    databaseOf(language.peek())
      .incrementFavoriteEmojiCount(emoji.unicode)
      .catch(() => undefined); // what is used often is a comfort, nothing more
  };
  return (
    <div class="emoji-panel">
      <input
        class="field emoji-search"
        type="search"
        value={search}
        placeholder={text.search}
        aria-label={text.search}
        onInput={(event) => setSearch(event.currentTarget.value)}
      />
      <div class="emoji-groups">
        {groups.map(({ id, face }) => (
          <button
            key={id}
            type="button"
            aria-pressed={id === group && search === ""}
            aria-label={id < 0 ? text.recent : text.groups[id]}
            title={id < 0 ? text.recent : text.groups[id]}
            onClick={() => {
              setSearch("");
              setGroup(id);
            }}
          >
            {face}
          </button>
        ))}
      </div>
      {typeof found === "string" ? (
        <p class="emoji-note" role="status">
          {found === "failed" ? text.failed : found === "none" ? text.none : ""}
        </p>
      ) : (
        <EmojiGrid emoji={found} onPick={pick} />
      )}
    </div>
  );
}

function EmojiGrid({
  emoji,
  onPick,
}: {
  emoji: readonly NativeEmoji[];
  onPick(e: NativeEmoji): void;
}): JSX.Element {
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys move among the buttons inside.
    <div class="emoji-grid" onKeyDown={moveInGrid}>
      {emoji.map((e, i) => (
        <button
          key={e.unicode}
          type="button"
          tabIndex={i === 0 ? 0 : -1}
          aria-label={e.annotation}
          title={e.annotation}
          onClick={() => onPick(e)}
        >
          {e.unicode}
        </button>
      ))}
    </div>
  );
}

function moveInGrid(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const buttons = [...event.currentTarget.querySelectorAll("button")];
  const at = buttons.findIndex((b) => b === document.activeElement);
  const first = buttons[0];
  if (at < 0 || first === undefined) return;
  const columns = buttons.filter((b) => b.offsetTop === first.offsetTop).length;
  const steps: Record<string, number> = {
    ArrowRight: 1,
    ArrowLeft: -1,
    ArrowDown: columns,
    ArrowUp: -columns,
  };
  const step = steps[event.key];
  const next = step === undefined ? undefined : buttons[at + step];
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
}

/** The emoji of a group or a search, or why there are none. */
function useEmoji(group: number, search: string): readonly NativeEmoji[] | "loading" | "none" | "failed" {
  const [found, setFound] = useState<readonly NativeEmoji[] | "loading" | "none" | "failed">("loading");
  const spoken = language.value;
  useEffect(() => {
    let wanted = true;
    lookUp(databaseOf(spoken), group, search.trim()).then(
      (emoji) => wanted && setFound(emoji.length === 0 ? "none" : emoji),
      () => wanted && setFound("failed"),
    );
    return () => {
      wanted = false;
    };
  }, [group, search, spoken]);
  return found;
}

async function lookUp(database: Database, group: number, search: string): Promise<NativeEmoji[]> {
  if (search !== "") return (await database.getEmojiBySearchQuery(search)).flatMap(native);
  if (group >= 0) return await database.getEmojiByGroup(group);
  return (await database.getTopFavoriteEmoji(40)).flatMap(native);
}

function native(emoji: object): NativeEmoji[] {
  return "unicode" in emoji ? [emoji as NativeEmoji] : [];
}
