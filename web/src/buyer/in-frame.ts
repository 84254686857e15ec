import { signal } from "@preact/signals";

/** The seller whose thread is open: its presence is on the screen though no row of the list may be. */
export const openPeer = signal<string | undefined>(undefined);

/** How often the page around a frame has opened it: each time is a visit of its own. */
export const openings = signal(0);
