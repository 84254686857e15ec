import { words } from "../ui/i18n/language.ts";
import { noticeBrief } from "../ui/i18n/notice-text.ts";
import { type Previewed, previewOf } from "../ui/model/preview.ts";

/** A message in one line, in the user's language. */
export function lineOf(message: Previewed): string {
  const { picture: image, product, recalled } = words().inbox;
  const { unsupported } = words().message;
  return previewOf(message, {
    image,
    product,
    recalled,
    unsupported,
    notice: (code) => noticeBrief(words(), code),
  });
}
