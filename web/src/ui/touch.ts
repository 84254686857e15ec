/** True where the main pointer is a finger: Enter then starts a new line. */
export function onTouch(): boolean {
  return matchMedia("(pointer: coarse)").matches;
}
