import { signal } from "@preact/signals";

/** The seller whose thread is open: its presence is on the screen though no row of the list may be. */
export const openPeer = signal<string | undefined>(undefined);
