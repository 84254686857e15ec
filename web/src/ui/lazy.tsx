import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { firstWords, loadWords } from "./i18n/language.ts";
import { showToast } from "./toast.tsx";

/**
 * A component whose code is loaded when it is first drawn, with all words; until then `meanwhile` is there. Where
 * it cannot be loaded, that is said, and drawing it again tries again.
 */
export function lazy<P extends object>(
  load: () => Promise<(props: P) => JSX.Element | null>,
  meanwhile: () => JSX.Element | null = () => null,
): (props: P) => JSX.Element | null {
  let loaded: ((props: P) => JSX.Element | null) | undefined;
  return (props) => {
    const [View, setView] = useState(() => loaded);
    useEffect(() => {
      if (View !== undefined) return;
      let wanted = true;
      withWords(load).then(
        (view) => {
          loaded = view;
          if (wanted) setView(() => view);
        },
        () => wanted && sayNotLoaded(),
      );
      return () => {
        wanted = false;
      };
    }, [View]);
    return View === undefined ? meanwhile() : <View {...props} />;
  };
}

/** Loads something that says `words()`. */
export async function withWords<T>(load: () => Promise<T>): Promise<T> {
  const [loaded] = await Promise.all([load(), loadWords()]);
  return loaded;
}

/**
 * Says that a part of the page could not be loaded. With a network the likeliest reason is that the server has a
 * newer page by now, and other parts with it: loading that helps. Without one it would only lose the page.
 */
export function sayNotLoaded(): void {
  const { notLoaded, reload } = firstWords().app;
  if (navigator.onLine) showToast(notLoaded, { label: reload, run: () => location.reload() });
  else showToast(notLoaded);
}
