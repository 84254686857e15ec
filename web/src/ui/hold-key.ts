/** How this machine's keyboard calls the key to hold. */
export function holdKeyName(): string {
  return /mac|iphone|ipad/iu.test(navigator.platform) ? "⌘" : "Ctrl";
}
