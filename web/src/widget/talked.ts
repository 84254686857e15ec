/** On the shop's own origin it is remembered that this visitor has talked here, and nothing else. */

const key = "haggle.talked";

export function talked(): boolean {
  try {
    return localStorage.getItem(key) !== null;
  } catch {
    return false; // storage may be forbidden
  }
}

export function rememberTalk(): void {
  try {
    localStorage.setItem(key, "1");
  } catch {
    // Then the chat is looked after from the first intent on.
  }
}
