export function element<K extends keyof HTMLElementTagNameMap>(tag: K, name = ""): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.className = name;
  return made;
}

/** Draws `css` in a shadow root. Not as an element: those are what a strict policy of the page refuses. */
export function adopt(root: ShadowRoot, css: string): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets.push(sheet);
}
