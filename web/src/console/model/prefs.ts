/** The console's own settings on this device. Language and theme are the whole app's and kept there. */
import { type Signal, signal } from "@preact/signals-core";
import type { SendKey } from "./keys.ts";
import { CONTEXT_PANE, LIST_PANE } from "./panes.ts";
import { readObject, type Shelf } from "./shelf.ts";

/** How much room rows and messages take. */
export type Density = "comfortable" | "compact";

export type Prefs = {
  sendKey: SendKey;
  sound: boolean;
  notices: boolean;
  /** The count in the tab's title and on its icon. */
  badge: boolean;
  density: Density;
  contextOpen: boolean;
  listWidth: number;
  contextWidth: number;
};

const KEY = "prefs";

const INITIAL: Prefs = {
  sendKey: "enter",
  sound: true,
  notices: false,
  badge: true,
  density: "comfortable",
  contextOpen: true,
  listWidth: LIST_PANE.initial,
  contextWidth: CONTEXT_PANE.initial,
};

export type PrefStore = {
  readonly prefs: Signal<Prefs>;
  change(some: Partial<Prefs>): void;
  /** Takes over what another window has changed. */
  reread(): void;
};

export function openPrefs(from: Shelf): PrefStore {
  const prefs = signal(parsePrefs(readObject(from, KEY)));
  /** As another window may have changed them; how wide things are is each window's own. */
  const latest = (): Prefs => {
    const { contextOpen, listWidth, contextWidth } = prefs.value;
    const stored = parsePrefs({ ...prefs.value, ...readObject(from, KEY) });
    return { ...stored, contextOpen, listWidth, contextWidth };
  };
  return {
    prefs,
    change: (some) => {
      prefs.value = { ...latest(), ...some };
      from.set(KEY, JSON.stringify(prefs.value));
    },
    reread: () => {
      const now = latest();
      if (JSON.stringify(now) !== JSON.stringify(prefs.value)) prefs.value = now;
    },
  };
}

/** Takes what is well formed and leaves the rest at its default. */
export function parsePrefs(raw: Record<string, unknown>): Prefs {
  return {
    sendKey: raw["sendKey"] === "ctrl-enter" ? "ctrl-enter" : INITIAL.sendKey,
    sound: flag(raw["sound"], INITIAL.sound),
    notices: flag(raw["notices"], INITIAL.notices),
    badge: flag(raw["badge"], INITIAL.badge),
    density: raw["density"] === "compact" ? "compact" : INITIAL.density,
    contextOpen: flag(raw["contextOpen"], INITIAL.contextOpen),
    listWidth: width(raw["listWidth"], INITIAL.listWidth),
    contextWidth: width(raw["contextWidth"], INITIAL.contextWidth),
  };
}

function flag(raw: unknown, otherwise: boolean): boolean {
  return typeof raw === "boolean" ? raw : otherwise;
}

function width(raw: unknown, otherwise: number): number {
  return typeof raw === "number" && raw > 0 && raw < 4000 ? raw : otherwise;
}
