import { signal } from "@preact/signals";

/** The seller whose thread is open: its presence is on the screen though no row of the list may be. */
export const openPeer = signal<string | undefined>(undefined);

/** How often the page around a frame has opened it: each time is a visit of its own. */
export const openings = signal(0);

/** The product of the page around a frame: the chat about it is where the button leads. */
export const pageProduct = signal<string | undefined>(undefined);

/** Whether that page says who the buyer is: then nobody can sign out in the frame. */
export const buyerNamed = signal(false);

/** How often somebody has come back to what may have changed meanwhile: see comebacks.ts. */
export const comebacks = signal(0);
