/** On a phone Back closes what is a screen of its own: who sees one expects to come back from it to the page. */

/** The entry of the history that an open screen is. */
export type Step = {
  /** Takes the entry away, if the browser still stands on it. Resolves once it is gone. */
  goBack(): Promise<void>;
  /** Leaves it: somebody else decides where the browser goes. */
  forget(): void;
};

/** The way back over an entry takes a moment, in which there must not be another. */
let leaving = false;

/**
 * Adds an entry to the history, at the same address and with the state that the page's own router has put there:
 * what the router meets on the way back is where it is already. `close` is called when the visitor goes back.
 * To be called before the page is locked: the place it is scrolled to is kept with the entry below.
 */
export function closeOnBack(close: () => void): Step | undefined {
  if (leaving) return undefined;
  try {
    // Not by the page's own wrapper around it, which would count a visit.
    History.prototype.pushState.call(history, history.state, "");
  } catch {
    return undefined; // Safari's limit of how often, or a page that may not
  }
  const { href } = location;
  const { length } = history;
  const popped = (): void => {
    forget();
    close();
  };
  const forget = (): void => removeEventListener("popstate", popped);
  addEventListener("popstate", popped);
  return {
    forget,
    goBack: async () => {
      forget();
      // If the page has gone on meanwhile, the entry is not the last any more.
      if (location.href !== href || history.length !== length) return;
      leaving = true;
      const gone = new Promise((done) => addEventListener("popstate", done, { once: true }));
      history.back();
      await gone;
      leaving = false;
    },
  };
}
