import type { JSX } from "preact";
import { firstWords } from "./i18n/language.ts";
import { isBigEmoji } from "./model/big-emoji.ts";
import { linkify } from "./model/linkify.ts";

/** A text somebody wrote: as text, with its web addresses made into links that say where they lead. */
export function RichText({ text }: { text: string }): JSX.Element {
  return (
    <p class={isBigEmoji(text) ? "rich-text foreign big-emoji" : "rich-text foreign"} dir="auto">
      {linkify(text).map((part, i) =>
        part.kind === "text" ? (
          part.text
        ) : (
          <a
            key={i}
            href={part.href}
            target="_blank"
            rel="noopener noreferrer nofollow ugc"
            title={firstWords().message.linkTo(part.host)}
          >
            {part.text}
          </a>
        ),
      )}
    </p>
  );
}
