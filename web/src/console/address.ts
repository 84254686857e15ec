/**
 * Where the desk is, in the browser's address and history: a reload comes back to the same conversation, and where
 * one thing covers another, Back uncovers it.
 */
const PARAM = "c";

/** `depth`: how many steps of the history are the console's own, above the list. */
type Step = { depth: number; details: boolean };

function here(): Step {
  const state: Partial<Step> | null = history.state;
  return { depth: state?.depth ?? 0, details: state?.details ?? false };
}

export function conversationInAddress(): string | undefined {
  return new URLSearchParams(location.search).get(PARAM) ?? undefined;
}

/** Whether the details are what Back leaves next. */
export function isAtDetails(): boolean {
  return here().details;
}

/** Names the conversation, or none, in the address; as a step that Back undoes, if `push`. */
export function setAddress(id: string | undefined, push: boolean): void {
  const url = new URL(location.href);
  if (id === undefined) url.searchParams.delete(PARAM);
  else url.searchParams.set(PARAM, id);
  const { depth } = here();
  if (push) history.pushState({ depth: depth + 1, details: false }, "", url);
  else history.replaceState({ depth: id === undefined ? 0 : depth, details: false }, "", url);
}

/** Makes the details a step that Back undoes. */
export function enterDetails(): void {
  history.pushState({ depth: here().depth + 1, details: true }, "");
}

/** Undoes that step, if it was made, so that Back does not need to. */
export function leaveDetails(): void {
  if (isAtDetails()) history.back();
}

/** Undoes every step that led here from the list; false if none did, as after a link to a conversation. */
export function stepOut(): boolean {
  const { depth } = here();
  if (depth > 0) history.go(-depth);
  return depth > 0;
}
