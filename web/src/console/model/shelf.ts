/** What the console remembers on this device. Storage may be full, forbidden or somebody else's: it is a help, never a need. */

export type Shelf = {
  get(key: string): string | undefined;
  set(key: string, value: string | undefined): void;
};

type StorageLike = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** A shelf on the browser's storage; without one (`undefined`, or it throws) nothing is remembered. */
export function shelf(storage: () => StorageLike | undefined, prefix: string): Shelf {
  return {
    get: (key) => {
      try {
        return storage()?.getItem(prefix + key) ?? undefined;
      } catch {
        return undefined;
      }
    },
    set: (key, value) => {
      try {
        if (value === undefined) storage()?.removeItem(prefix + key);
        else storage()?.setItem(prefix + key, value);
      } catch {
        // Full or forbidden: this once it is not remembered.
      }
    },
  };
}

/** Reads JSON from a shelf; what is not an object (anything may have been written there) is nothing. */
export function readObject(from: Shelf, key: string): Record<string, unknown> {
  const text = from.get(key);
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : {};
  } catch {
    return {};
  }
}
