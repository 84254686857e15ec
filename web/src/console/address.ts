/**
 * Where the desk is, in the browser's address and history: a reload comes back to the same conversation, and where
 * one thing covers another, Back uncovers it.
 */
const PARAM = "c";

/** `depth`: how many steps of the history are the desk's own. `details`: the newest shows the details. */
type Step = { depth: number; details: boolean };

export type Address = {
  conversation(): string | undefined;
  /** Whether the details are what Back leaves next. */
  isAtDetails(): boolean;
  /** Names the conversation; as a step that Back undoes, if `push`. */
  set(id: string, push: boolean): void;
  /** Makes the details a step that Back undoes. */
  enterDetails(): void;
  /** Undoes that step, if it was made. */
  leaveDetails(): void;
  /** Undoes all steps; also who came by a link to a conversation is at the list then. */
  toList(): void;
  stop(): void;
};

/** Calls `changed` when the browser has gone somewhere, as Back does. */
export function followAddress(changed: () => void): Address {
  // The browser goes back later: until it has, nothing is known of where it will be.
  let going = false;
  let leaving = false;
  let wanted: string | undefined;
  const back = (steps: number) => {
    going = true;
    history.go(-steps);
  };
  const leave = () => {
    const { depth } = here();
    if (depth > 0 && conversation() !== undefined) {
      back(depth);
      return;
    }
    leaving = false;
    write(undefined, false);
    changed();
  };
  const arrived = () => {
    going = false;
    if (wanted !== undefined) write(wanted, false);
    wanted = undefined;
    if (leaving) leave();
    else changed();
  };
  addEventListener("popstate", arrived);
  return {
    conversation,
    isAtDetails: () => here().details,
    set: (id, push) => {
      if (!going && !here().details) {
        write(id, push);
        return;
      }
      wanted = id; // in place of the thread, not of the details over it
      if (!going) back(1);
    },
    enterDetails: () => history.pushState({ depth: here().depth + 1, details: true } satisfies Step, ""),
    leaveDetails: () => {
      if (here().details && !going) back(1);
    },
    toList: () => {
      leaving = true;
      if (!going) leave();
    },
    stop: () => removeEventListener("popstate", arrived),
  };
}

function conversation(): string | undefined {
  return new URLSearchParams(location.search).get(PARAM) ?? undefined;
}

function here(): Step {
  const state: Partial<Step> | null = history.state;
  return { depth: state?.depth ?? 0, details: state?.details ?? false };
}

function write(id: string | undefined, push: boolean): void {
  const url = new URL(location.href);
  if (id === undefined) url.searchParams.delete(PARAM);
  else url.searchParams.set(PARAM, id);
  const { depth } = here();
  if (push) history.pushState({ depth: depth + 1, details: false } satisfies Step, "", url);
  else history.replaceState({ depth, details: false } satisfies Step, "", url);
}
