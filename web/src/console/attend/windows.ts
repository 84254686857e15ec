/** The windows of one console on one device: one of them calls for a message, the one in front if there is one. */

/** A message that came in, by its conversation and seq. */
export type Came = { conversation: string; seq: number };

export type Windows = {
  /** Tells the others that this window sees to the message. */
  take(came: Came): void;
  /** Whether another window sees to it: known after a moment. */
  takenElsewhere(came: Came): Promise<boolean>;
  dispose(): void;
};

/** So long, in milliseconds, the window in front may take until it has the message, too. */
export const patience = 400;
/** So many messages are remembered, for one that comes here later than there. */
const kept = 50;

export function openWindows(channel: BroadcastChannel | undefined): Windows {
  const taken = new Set<string>();
  const key = ({ conversation, seq }: Came): string => `${conversation} ${seq}`;
  channel?.addEventListener("message", ({ data }: MessageEvent<Came>) => {
    taken.add(key(data));
    for (const oldest of taken) {
      if (taken.size <= kept) break;
      taken.delete(oldest);
    }
  });
  return {
    take: ({ conversation, seq }) => channel?.postMessage({ conversation, seq } satisfies Came),
    takenElsewhere: async (came) => {
      if (channel === undefined) return false;
      await new Promise((resolve) => setTimeout(resolve, patience));
      return taken.has(key(came));
    },
    dispose: () => channel?.close(),
  };
}
