/** Whether a message that just arrived should be heard and seen outside the thread. */
import type { Arrival } from "../../client/api.ts";

export type Situation = {
  /** The window is the one in front, and visible. */
  focused: boolean;
  /** The conversation that is open, if its thread is on the screen. */
  open: string | undefined;
  sound: boolean;
  notices: boolean;
};

export type Attention = { sound: boolean; notice: boolean };

/** Who is looking at the thread needs no bell; who looks at another one gets no desktop notice. What is muted calls nobody. */
export function attentionFor(arrival: Arrival, now: Situation): Attention {
  if (arrival.conversation?.muted === true) return { sound: false, notice: false };
  const looking = now.focused && now.open === arrival.message.conversation;
  return { sound: now.sound && !looking, notice: now.notices && !now.focused };
}

/** A burst of messages rings once: the bell rests for this long. */
export const BELL_REST_MS = 1200;

/** Lets a bell ring at most once per rest. `now` is a steady clock. */
export function restingBell(ring: () => void, now: () => number): () => void {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    const at = now();
    if (at - last < BELL_REST_MS) return;
    last = at;
    ring();
  };
}
