import type { JSX } from "preact";
import { words } from "./i18n/language.ts";
import { linkify } from "./model/linkify.ts";
import { PlainText } from "./plain-text.tsx";

/** A text somebody wrote: as text, with its web addresses made into links that say where they lead. */
export function RichText({ text }: { text: string }): JSX.Element {
  return (
    <PlainText text={text}>
      {linkify(text).map((part, i) =>
        part.kind === "text" ? (
          part.text
        ) : (
          <a
            key={i}
            href={part.href}
            target="_blank"
            rel="noopener noreferrer nofollow ugc"
            title={words().message.linkTo(part.host)}
          >
            {part.text}
          </a>
        ),
      )}
    </PlainText>
  );
}
