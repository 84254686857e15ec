/** What pages load until they show what they were opened for. */
import { get } from "node:http";

/** What web/scripts/size.js holds the build to: a first opening, and one with messages. */
export const budgetKib = { first: 40, messages: 42 };

/** Notes in a page when something and the field to write the next message are first there together. */
export function noteShown(something: string): void {
  const look = (): void => {
    if (document.querySelector(something) === null || document.querySelector("textarea") === null) return;
    Object.assign(window, { shownAt: performance.now() });
    watcher.disconnect();
  };
  const watcher = new MutationObserver(look);
  watcher.observe(document, { childList: true, subtree: true });
}

/** The files that a page had asked for by then; the API's answers and the shop's own pictures are none. */
export function askedUntilShown(): string[] {
  const at = (window as unknown as { shownAt: number }).shownAt;
  return performance
    .getEntriesByType("resource")
    .filter(({ name, startTime }) => startTime <= at && !/^\/(v1|art)\//.test(new URL(name).pathname))
    .map(({ name }) => name);
}

/** How many bytes a file is on its way. */
function onItsWay(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { "Accept-Encoding": "gzip" } }, (answer) => {
      let bytes = 0;
      answer.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      answer.on("end", () => resolve(bytes));
    }).on("error", reject);
  });
}

/** What files take on their way, together. */
export async function kibOf(urls: readonly string[]): Promise<number> {
  const sizes = await Promise.all(urls.map(onItsWay));
  return sizes.reduce((sum, size) => sum + size, 0) / 1024;
}
