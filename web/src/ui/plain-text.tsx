import type { ComponentChildren, JSX } from "preact";
import { isBigEmoji } from "./model/big-emoji.ts";

/** A text somebody wrote, as text. What is drawn of it may be something else than the text alone. */
export function PlainText({
  text,
  children = text,
}: {
  text: string;
  children?: ComponentChildren;
}): JSX.Element {
  return (
    <p class={isBigEmoji(text) ? "rich-text foreign big-emoji" : "rich-text foreign"} dir="auto">
      {children}
    </p>
  );
}
