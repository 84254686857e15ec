/** What a tab says about unread messages while nobody looks at it. */

/** The number on a badge; empty where there is nothing to say. */
export function badgeText(count: number, max = 99): string {
  if (!(count >= 1)) return "";
  return count > max ? `${max}+` : String(Math.floor(count));
}

/** The title of the tab: the count first, because tabs are narrow. */
export function titleText(count: number, title: string): string {
  const badge = badgeText(count);
  return badge === "" ? title : `(${badge}) ${title}`;
}

/** What the icon is drawn in: tokens of the page, which an image by itself has not. */
export type IconColours = { bubble: string; badge: string; onBadge: string };

const BUBBLE = "M6 4h20a4 4 0 0 1 4 4v12a4 4 0 0 1-4 4H15l-7 6v-6H6a4 4 0 0 1-4-4V8a4 4 0 0 1 4-4z";

/** The tab's icon as a data URL: the bubble, with a count on it while something is unread. */
export function faviconUrl(count: number, colours: IconColours): string {
  const badge = badgeText(count, 9);
  const bubble = `<path fill="${colours.bubble}" d="${BUBBLE}"/>`;
  const mark =
    badge === ""
      ? ""
      : `<circle cx="22" cy="10" r="10" fill="${colours.badge}"/>` +
        `<text x="22" y="15" text-anchor="middle" font-family="sans-serif" font-weight="700" font-size="${badge.length > 1 ? 11 : 14}" fill="${colours.onBadge}">${badge}</text>`;
  return `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${bubble}${mark}</svg>`)}`;
}
