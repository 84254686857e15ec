/** Whose presence is on the screen: components hold a uid while they show it. */

/** The server watches this many uids a session; the last held are the ones in sight. */
export const MAX_WATCHED = 200;

export type Watching = {
  /** Asks for the presence of `uid` until the returned function is called. */
  hold(uid: string): () => void;
};

/**
 * Collects what is held and tells `watch` the whole set, once per `later`: scrolling mounts and unmounts
 * many rows at once.
 */
export function openWatching(
  watch: (uids: readonly string[]) => void,
  later: (run: () => void) => void,
): Watching {
  const held = new Map<string, number>();
  let told: readonly string[] = [];
  let pending = false;

  function tell(): void {
    pending = false;
    const uids = [...held.keys()].slice(-MAX_WATCHED);
    if (uids.length === told.length && uids.every((uid) => told.includes(uid))) return;
    told = uids;
    watch(uids);
  }

  function change(): void {
    if (pending) return;
    pending = true;
    later(tell);
  }

  return {
    hold: (uid) => {
      held.set(uid, (held.get(uid) ?? 0) + 1);
      change();
      let released = false;
      return () => {
        if (released) return;
        released = true;
        const left = (held.get(uid) ?? 1) - 1;
        if (left > 0) held.set(uid, left);
        else held.delete(uid);
        change();
      };
    },
  };
}
