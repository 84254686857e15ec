/** How wide the console's panes are, and which of them fit. */

export type PaneBounds = { min: number; max: number; initial: number };

export const LIST_PANE: PaneBounds = { min: 240, max: 480, initial: 320 };
export const CONTEXT_PANE: PaneBounds = { min: 240, max: 480, initial: 300 };

/** The thread keeps at least this much, whatever its neighbours want. */
export const THREAD_MIN = 360;

/** Below this the panes are a stack, one at a time. */
export const STACK_BELOW = 720;

/** Below this the context lies over the thread instead of beside it. */
export const OVERLAY_BELOW = 1080;

export type Arrangement = "stack" | "overlay" | "beside";

export function arrangement(viewport: number): Arrangement {
  if (viewport < STACK_BELOW) return "stack";
  return viewport < OVERLAY_BELOW ? "overlay" : "beside";
}

/** The width a pane gets: what was wished, within its bounds and what the others leave. */
export function paneWidth(wish: number, bounds: PaneBounds, available: number): number {
  const max = Math.max(bounds.min, Math.min(bounds.max, available));
  return Math.round(Math.min(max, Math.max(bounds.min, wish)));
}

const STEP = 16;

/**
 * What a key does to a separator's pane, or undefined when the key is not one of its. `grows` says towards
 * which arrow key the pane grows on the screen.
 */
export function resizeByKey(
  key: string,
  width: number,
  bounds: PaneBounds,
  grows: "ArrowRight" | "ArrowLeft",
): number | undefined {
  switch (key) {
    case "ArrowRight":
    case "ArrowLeft":
      return width + (key === grows ? STEP : -STEP);
    case "Home":
      return bounds.min;
    case "End":
      return bounds.max;
    case "Enter":
      return bounds.initial;
    default:
      return undefined;
  }
}
