import type { JSX } from "preact";
import { useCallback, useRef, useState } from "preact/hooks";
import type { EmojiPopProps } from "./emoji-pop.tsx";
import { FirstIcon } from "./first-icon.tsx";
import { firstWords } from "./i18n/language.ts";
import { lazy } from "./lazy.tsx";
import "./emoji.css";

const EmojiPop = lazy<EmojiPopProps>(async () => (await import("./emoji-pop.tsx")).EmojiPop);

/** Opens the emoji; the panel and its data are loaded when first needed. */
export function EmojiButton({ onPick }: { onPick(emoji: string): void }): JSX.Element {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const close = useCallback(() => setOpen(false), []);
  const name = firstWords().composer.emoji;
  return (
    <div class="emoji-box" ref={box}>
      <button
        type="button"
        class="icon-button"
        aria-label={name}
        title={name}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <FirstIcon name="smile" />
      </button>
      {open && <EmojiPop box={box} onPick={onPick} onClose={close} />}
    </div>
  );
}
