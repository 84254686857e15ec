import type PhotoSwipe from "photoswipe";
import type { closeOnBack } from "../history/back.ts";
import { words } from "./i18n/language.ts";
import "./lightbox.css";

export type Slide = { url: string; thumb: string; width: number; height: number; name: string };

let opening = false;

/** Opens pictures over the page: swipe, pinch, arrow keys, Esc. The viewer is loaded when first needed. */
export async function openLightbox(slides: readonly Slide[], index: number): Promise<void> {
  if (opening || document.querySelector(".pswp") !== null) return; // of two taps the second is the first's
  opening = true;
  await open(slides, index).finally(() => {
    opening = false;
  });
}

async function open(slides: readonly Slide[], index: number): Promise<void> {
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
  const back = isStep() ? await import("../history/back.ts") : undefined;
  followBack(viewer, closeEvenEarly(viewer), back?.closeOnBack);
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

/**
 * Whether a step in the history stands for the viewer: on a phone whose browser has nothing else for Back. In a frame it
 * would be one of the shop's page, whose own Back closes the frame.
 */
function isStep(): boolean {
  return typeof CloseWatcher === "undefined" && parent === window && matchMedia("(pointer: coarse)").matches;
}

/** A phone's Back closes a viewer as it does a dialog. */
function followBack(viewer: PhotoSwipe, close: () => void, step?: typeof closeOnBack): void {
  if (step !== undefined) {
    let taken = step(() => {
      taken = undefined; // the browser has taken it away
      close();
    });
    viewer.on("destroy", () => void taken?.goBack());
    return;
  }
  if (typeof CloseWatcher === "undefined") return;
  const watcher = new CloseWatcher();
  watcher.onclose = close;
  viewer.on("destroy", () => watcher.destroy());
}
