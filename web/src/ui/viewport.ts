/**
 * Keeps the app as high as what can be seen of the page. A phone's keyboard covers the page without resizing
 * it; 100dvh does not know of that, the visual viewport does.
 */
export function followViewport(): () => void {
  const viewport = window.visualViewport;
  if (viewport === null) return () => undefined;
  const fit = () => {
    // Zoomed in, the user looks at a part on purpose: leave the layout alone.
    if (viewport.scale > 1.01) return;
    const root = document.documentElement.style;
    root.setProperty("--app-height", `${viewport.height}px`);
    root.setProperty("--app-top", `${viewport.offsetTop}px`);
  };
  viewport.addEventListener("resize", fit);
  viewport.addEventListener("scroll", fit);
  fit();
  return () => {
    viewport.removeEventListener("resize", fit);
    viewport.removeEventListener("scroll", fit);
  };
}
