type Heard =
  | "onContextMenu"
  | "onPointerDown"
  | "onPointerMove"
  | "onPointerUp"
  | "onPointerCancel"
  | "onClickCapture";

/** What a long press is made of: see long-press.ts. */
export function pressEvents(hear: (event: Event) => void): Record<Heard, (event: Event) => void> {
  return {
    onContextMenu: hear,
    onPointerDown: hear,
    onPointerMove: hear,
    onPointerUp: hear,
    onPointerCancel: hear,
    onClickCapture: hear,
  };
}
