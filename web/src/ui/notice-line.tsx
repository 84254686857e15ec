import type { JSX } from "preact";
import type { Notice } from "../protocol/body.ts";
import { clock } from "./i18n/clock.ts";
import { words } from "./i18n/language.ts";
import { noticeText } from "./i18n/notice-text.ts";
import { Icon } from "./icon.tsx";
import { isLate } from "./model/notice.ts";
import { cut, plainLine } from "./model/plain-line.ts";

/** What the chat itself says about a message that was sent at `at`. Nobody's text is ever drawn like this. */
export function NoticeLine({ notice, at }: { notice: Notice; at: number }): JSX.Element {
  const late = isLate(notice);
  const detail = cut(plainLine(notice.detail ?? ""));
  return (
    <p class="entry-notice">
      <Icon name={late ? "clock" : "alert"} />
      <span>
        <span class="visually-hidden">{words().notice.from}: </span>
        {noticeText(words(), notice.code)}
        {late && <time dateTime={new Date(at).toISOString()}>{words().notice.sent(clock().full(at))}</time>}
        {detail !== "" && (
          <bdi class="foreign" dir="auto">
            {detail}
          </bdi>
        )}
      </span>
    </p>
  );
}
