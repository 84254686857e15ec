import type { JSX, RefObject } from "preact";
import { useEffect } from "preact/hooks";
import { EmojiPanel } from "./emoji-panel.tsx";
import "./emoji-pop.css";

export type EmojiPopProps = {
  /** The button, and the panel in it: a click anywhere else closes that, and Esc in here. */
  box: RefObject<HTMLElement>;
  onPick(emoji: string): void;
  onClose(): void;
};

/** The emoji above the button that opened them. */
export function EmojiPop({ box, onPick, onClose }: EmojiPopProps): JSX.Element {
  useEffect(() => {
    const inside = ({ target }: Event) => target instanceof Node && box.current?.contains(target) === true;
    const pointed = (event: PointerEvent) => {
      if (!inside(event)) onClose();
    };
    const pressed = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || !inside(event)) return;
      event.stopPropagation();
      onClose();
      box.current?.querySelector("button")?.focus({ preventScroll: true });
    };
    document.addEventListener("pointerdown", pointed);
    document.addEventListener("keydown", pressed);
    return () => {
      document.removeEventListener("pointerdown", pointed);
      document.removeEventListener("keydown", pressed);
    };
  }, [box, onClose]);
  return (
    <div class="emoji-pop">
      <EmojiPanel onPick={onPick} />
    </div>
  );
}
