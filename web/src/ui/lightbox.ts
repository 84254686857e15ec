import type PhotoSwipe from "photoswipe";
import { words } from "./i18n/language.ts";
import "./lightbox.css";

export type Slide = { url: string; thumb: string; width: number; height: number; name: string };

/** Opens pictures over the page: swipe, pinch, arrow keys, Esc. The viewer is loaded when first needed. */
export async function openLightbox(slides: readonly Slide[], index: number): Promise<void> {
  const { default: Viewer } = await import("photoswipe");
  await import("photoswipe/style.css");
  const text = words().lightbox;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  // The ground is the page's own there: what shines through it is as black as what stands on it.
  const forced = matchMedia("(forced-colors: active)").matches;
  const viewer = new Viewer({
    dataSource: slides.map((s) => ({
      src: s.url,
      msrc: s.thumb,
      width: s.width,
      height: s.height,
      alt: s.name,
    })),
    index,
    bgOpacity: forced ? 1 : 0.92,
    showHideAnimationType: calm ? "none" : "fade",
    loop: false,
    closeTitle: text.close,
    zoomTitle: text.zoom,
    arrowPrevTitle: text.previous,
    arrowNextTitle: text.next,
    errorMsg: text.error,
  });
  await closeOnBack(viewer, closeEvenEarly(viewer));
  viewer.init();
  viewer.element?.setAttribute("aria-label", words().message.picture);
}

/** The viewer hears nothing until it has faded in; who pressed Esc before that meant it. Returns what closes it. */
function closeEvenEarly(viewer: PhotoSwipe): () => void {
  let [opened, wanted] = [false, false];
  const close = () => {
    if (opened) viewer.close();
    else wanted = true;
  };
  const note = (event: KeyboardEvent) => {
    if (event.key === "Escape") close();
  };
  document.addEventListener("keydown", note, true);
  viewer.on("openingAnimationEnd", () => {
    document.removeEventListener("keydown", note, true);
    opened = true;
    if (wanted) queueMicrotask(close);
  });
  return close;
}

/** Where the browser has it: https://html.spec.whatwg.org/#close-requests. */
declare const CloseWatcher: (new () => { onclose: (() => void) | null; destroy(): void }) | undefined;

/** A phone's Back closes a viewer as it does a dialog; where the browser has nothing for it, by a step in the history. */
async function closeOnBack(viewer: PhotoSwipe, close: () => void): Promise<void> {
  if (typeof CloseWatcher === "undefined") {
    const back = await import("../history/back.ts");
    let step = back.closeOnBack(() => {
      step = undefined; // it is taken
      close();
    });
    viewer.on("destroy", () => void step?.goBack());
    return;
  }
  const watcher = new CloseWatcher();
  watcher.onclose = close;
  viewer.on("destroy", () => watcher.destroy());
}
