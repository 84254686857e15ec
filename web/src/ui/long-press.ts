/** How long a finger stays to open a menu. */
const longPressMs = 450;

/** Hears what may be a long press or a right click, and opens a menu then. */
export type HearPress = (event: Event, open: (at: MouseEvent) => void) => void;

/**
 * Long press on touch and right click with a mouse open a menu: of the former Safari on iOS says nothing itself.
 * The click that comes of it, when the finger lets go, is none.
 */
export function longPress(): HearPress {
  let timer = 0;
  let held = false;
  const over = () => {
    clearTimeout(timer);
    held = false;
  };
  const hear: { [type: string]: (event: PointerEvent, open: (at: MouseEvent) => void) => void } = {
    contextmenu: (event, open) => {
      event.preventDefault();
      clearTimeout(timer);
      open(event);
    },
    pointerdown: (event, open) => {
      over();
      if (event.pointerType !== "touch") return;
      timer = window.setTimeout(() => {
        held = true;
        open(event);
      }, longPressMs);
    },
    pointermove: ({ movementX, movementY }) => {
      if (Math.abs(movementX) + Math.abs(movementY) > 3) clearTimeout(timer);
    },
    pointerup: () => clearTimeout(timer),
    pointercancel: over,
    click: (event) => {
      if (held && event.detail > 0) {
        event.preventDefault();
        event.stopPropagation();
      }
      over();
    },
  };
  return (event, open) => hear[event.type]?.(event as PointerEvent, open);
}
