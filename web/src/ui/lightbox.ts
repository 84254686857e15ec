import { words } from "./i18n/language.ts";

export type Slide = { url: string; thumb: string; width: number; height: number; name: string };

/** Opens pictures over the page: swipe, pinch, arrow keys, Esc. The viewer is loaded when first needed. */
export async function openLightbox(slides: readonly Slide[], index: number): Promise<void> {
  const { default: PhotoSwipe } = await import("photoswipe");
  await import("photoswipe/style.css");
  const text = words().lightbox;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const viewer = new PhotoSwipe({
    dataSource: slides.map((s) => ({
      src: s.url,
      msrc: s.thumb,
      width: s.width,
      height: s.height,
      alt: s.name,
    })),
    index,
    bgOpacity: 0.92,
    showHideAnimationType: calm ? "none" : "fade",
    loop: false,
    closeTitle: text.close,
    zoomTitle: text.zoom,
    arrowPrevTitle: text.previous,
    arrowNextTitle: text.next,
    errorMsg: text.error,
  });
  viewer.init();
}
