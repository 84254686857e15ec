import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { EmojiPanelProps } from "./emoji-panel.tsx";
import { FirstIcon } from "./first-icon.tsx";
import { firstWords } from "./i18n/language.ts";
import "./emoji.css";

type Panel = (props: EmojiPanelProps) => JSX.Element;

/** Opens the emoji; the panel and its data are loaded when first needed. */
export function EmojiButton({ onPick }: { onPick(emoji: string): void }): JSX.Element {
  const [open, setOpen] = useState(false);
  const [panel, setPanel] = useState<{ view: Panel }>();
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open || panel !== undefined) return;
    import("./emoji-panel.tsx").then(
      (chunk) => setPanel({ view: chunk.EmojiPanel }),
      () => setOpen(false),
    );
  }, [open, panel]);
  useEffect(() => {
    if (!open) return;
    const outside = (event: PointerEvent) => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [open]);
  const close = () => {
    setOpen(false);
    button.current?.focus({ preventScroll: true });
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only listens for Esc on its way up.
    <div
      class="emoji-box"
      ref={box}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !open) return;
        event.stopPropagation();
        close();
      }}
    >
      <button
        ref={button}
        type="button"
        class="icon-button"
        aria-label={firstWords().composer.emoji}
        title={firstWords().composer.emoji}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <FirstIcon name="smile" />
      </button>
      {open && (
        <div class="emoji-pop">
          {panel === undefined ? <span class="spinner" /> : <panel.view onPick={onPick} />}
        </div>
      )}
    </div>
  );
}
