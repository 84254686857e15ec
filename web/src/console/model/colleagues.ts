/** Who else of the shop's staff has which conversation before them, or writes in it. */
import { type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import type { Message } from "../../protocol/body.ts";
import type { ColleagueEvent } from "../../protocol/frame.ts";

export type Colleague = { agent: string; name: string; typing: boolean };

export type Colleagues = {
  /** Those at a conversation; who writes stands first. */
  at(conversation: string): ReadonlySignal<readonly Colleague[]>;
  told(event: ColleagueEvent): void;
  /** The last message of a conversation, as often as one likes: who has written it does not write it any more. */
  last(message: Message): void;
  /** Nobody can say while the server cannot be reached. */
  forget(): void;
  dispose(): void;
};

const nobody: readonly Colleague[] = [];
const looksFor = 30_000;
const writesFor = 5_000;

type Seen = { conversation: string; name: string; looks: Timer; writes: Timer | undefined };
type Timer = ReturnType<typeof setTimeout>;

/** `me` is the agent at this desk, who is no colleague in another window either. */
export function openColleagues(me: string | undefined): Colleagues {
  const seen = new Map<string, Seen>();
  const slots = new Map<string, Signal<readonly Colleague[]>>();
  /** The `seq` of the last message of each conversation. */
  const lasts = new Map<string, number>();

  const slot = (conversation: string): Signal<readonly Colleague[]> => {
    const known = slots.get(conversation) ?? signal(nobody);
    slots.set(conversation, known);
    return known;
  };
  const show = (conversation: string): void => {
    const there = [...seen]
      .filter(([, one]) => one.conversation === conversation)
      .map(([agent, { name, writes }]) => ({ agent, name, typing: writes !== undefined }))
      .sort((a, b) => Number(b.typing) - Number(a.typing));
    slot(conversation).value = there.length === 0 ? nobody : there;
  };
  const leave = (agent: string): void => {
    const was = seen.get(agent);
    if (was === undefined) return;
    clearTimeout(was.looks);
    clearTimeout(was.writes);
    seen.delete(agent);
    show(was.conversation);
  };
  const stopWriting = (agent: string): void => {
    const one = seen.get(agent);
    if (one === undefined) return;
    clearTimeout(one.writes);
    one.writes = undefined;
    show(one.conversation);
  };
  const forget = (): void => {
    for (const agent of [...seen.keys()]) leave(agent);
  };

  return {
    at: slot,
    told: ({ conversation, agent, agent_name: name, typing }) => {
      if (agent === me) return;
      const before = seen.get(agent);
      if (before !== undefined && before.conversation !== conversation) leave(agent);
      const was = seen.get(agent);
      clearTimeout(was?.looks);
      if (typing === true) clearTimeout(was?.writes);
      seen.set(agent, {
        conversation,
        name: name === undefined || name === "" ? agent : name,
        looks: setTimeout(() => leave(agent), looksFor),
        writes: typing === true ? setTimeout(() => stopWriting(agent), writesFor) : was?.writes,
      });
      show(conversation);
    },
    last: ({ conversation, seq, agent }) => {
      const before = lasts.get(conversation) ?? seq;
      lasts.set(conversation, Math.max(before, seq));
      if (seq > before && agent !== undefined && seen.get(agent)?.conversation === conversation)
        stopWriting(agent);
    },
    forget,
    dispose: forget,
  };
}

/** While a conversation is before somebody it is said again so often. */
export const sayEvery = 20_000;
/** Who only passes by on the way to another one is not told of. */
export const staysFor = 800;

export type Saying = {
  /** It may be another one now. */
  again(): void;
  end(): void;
};

/** Says what is before the user, as `viewed` tells it, once they stay. */
export function sayWhatIsViewed(
  viewed: () => string | undefined,
  say: (conversation: string) => void,
): Saying {
  let timer: Timer | undefined;
  const tell = (): void => {
    const conversation = viewed();
    if (conversation !== undefined) say(conversation);
    timer = setTimeout(tell, sayEvery);
  };
  const look = (): void => {
    clearTimeout(timer);
    timer = setTimeout(tell, staysFor);
  };
  look();
  return { again: look, end: () => clearTimeout(timer) };
}
