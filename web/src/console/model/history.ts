/** What can be undone and redone: the states that something has had since it began. */
export class History<State> {
  private states: State[] = [];
  private at = -1;
  private last: { step: string; at: number } | undefined;

  /** From here on; nothing before it can be brought back. */
  begin(state: State): void {
    this.states = [state];
    this.at = 0;
    this.last = undefined;
  }

  /** The state that is shown. */
  get now(): State | undefined {
    return this.states[this.at];
  }

  /** Something changed. Changes of one `step` that follow one another quickly are undone together; "" never is. */
  note(state: State, step: string, now: number): void {
    this.states.length = this.at + 1;
    const together =
      this.at > 0 && step !== "" && step === this.last?.step && now - this.last.at < TOGETHER_MS;
    if (together) this.states.pop();
    this.states.push(state);
    if (this.states.length > MOST) this.states.shift();
    this.at = this.states.length - 1;
    this.last = { step, at: now };
  }

  /** The state before this one, which is this one then. */
  back(): State | undefined {
    return this.to(this.at - 1);
  }

  /** What `back` has left. */
  forward(): State | undefined {
    return this.to(this.at + 1);
  }

  private to(at: number): State | undefined {
    const state = this.states[at];
    if (state === undefined) return undefined;
    this.at = at;
    this.last = undefined;
    return state;
  }
}

const TOGETHER_MS = 1_000;
const MOST = 200;

/** What of typing belongs together: the letters of a word, what an input method composes, a run of deletions. */
export function stepOf({ inputType, data }: { inputType: string; data?: string | null }): string {
  if (inputType === "insertText") return data != null && /^\S$/u.test(data) ? inputType : "";
  return inputType === "insertCompositionText" || inputType.startsWith("delete") ? inputType : "";
}
