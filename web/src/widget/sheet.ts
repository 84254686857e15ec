/** On a phone the chat is a sheet over the whole page, and the page beneath it stands still. */

export const phone = "(max-width: 480px), (max-height: 480px)";

/**
 * Holds the page where it is: fixed, as iOS scrolls what is merely hidden. The returned function lets it go,
 * at the same place.
 */
export function lockPage(): () => void {
  const { style } = document.body;
  const { scrollX: x, scrollY: y } = window;
  const held = { position: "fixed", top: `${-y}px`, left: "0", right: "0", overflow: "hidden" } as const;
  const before = Object.keys(held).map((name) => [name, style.getPropertyValue(name)] as const);
  Object.assign(style, held);
  return () => {
    for (const [name, value] of before) style.setProperty(name, value);
    scrollTo({ left: x, top: y, behavior: "instant" });
  };
}

/** Keeps the chat within what can be seen: a keyboard covers the page without resizing it. */
export function followViewport(host: HTMLElement): () => void {
  const viewport = window.visualViewport;
  if (viewport === null) return () => undefined;
  const follow = (): void => {
    if (viewport.scale > 1.01) return; // zoomed in on purpose
    host.style.setProperty("--height", `${viewport.height}px`);
    host.style.setProperty("--top", `${viewport.offsetTop}px`);
  };
  viewport.addEventListener("resize", follow);
  viewport.addEventListener("scroll", follow);
  follow();
  return () => {
    viewport.removeEventListener("resize", follow);
    viewport.removeEventListener("scroll", follow);
  };
}
