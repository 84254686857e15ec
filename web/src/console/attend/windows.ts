/** The windows of one console on one device: what is before somebody's eyes in one is called in none. */

/** A message that came in, by its conversation and seq. */
export type Came = { conversation: string; seq: number };

export type Windows = {
  /** Tells the others that this window is in front, and whether the message can be seen in it. */
  seen(came: Came, looking: boolean): void;
  /** What the window in front makes of it, undefined if there is none: known after a moment. */
  inFront(came: Came): Promise<{ looking: boolean } | undefined>;
  dispose(): void;
};

/** So long, in milliseconds, the window in front may take until it has the message, too. */
export const patience = 400;
/** So many answers are kept, for messages that come here later than there. */
const kept = 50;

type Answer = Came & { looking: boolean };

export function openWindows(channel: BroadcastChannel | undefined): Windows {
  const answers = new Map<string, { looking: boolean }>();
  const key = ({ conversation, seq }: Came): string => `${conversation} ${seq}`;
  channel?.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
    answers.set(key(data), { looking: data.looking });
    for (const [oldest] of answers) {
      if (answers.size <= kept) break;
      answers.delete(oldest);
    }
  });
  return {
    seen: ({ conversation, seq }, looking) =>
      channel?.postMessage({ conversation, seq, looking } satisfies Answer),
    inFront: async (came) => {
      if (channel === undefined) return undefined;
      await new Promise((resolve) => setTimeout(resolve, patience));
      return answers.get(key(came));
    },
    dispose: () => channel?.close(),
  };
}
