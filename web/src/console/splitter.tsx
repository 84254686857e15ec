import type { JSX } from "preact";
import { type PaneBounds, paneWidth, resizeByKey } from "./model/panes.ts";

type SplitterProps = {
  label: string;
  controls: string;
  /** On which side of the separator its pane lies. */
  pane: "start" | "end";
  width: number;
  bounds: PaneBounds;
  /** What the pane may take at the most just now. */
  available: number;
  onResize: (width: number) => void;
};

/** The edge between two panes: drag it, or focus it and use the arrow keys. A double click resets it. */
export function Splitter(props: SplitterProps) {
  const { pane, width, bounds, available, onResize } = props;
  const resize = (wish: number) => onResize(paneWidth(wish, bounds, available));
  const grows = (pane === "start") === isLeftToRight() ? "ArrowRight" : "ArrowLeft";

  const drag = (event: JSX.TargetedPointerEvent<HTMLElement>) => {
    if (event.button !== 0) return;
    event.preventDefault();
    const separator = event.currentTarget;
    const from = event.clientX;
    const sign = grows === "ArrowRight" ? 1 : -1;
    separator.setPointerCapture(event.pointerId);
    separator.dataset["dragging"] = "";
    const move = (to: PointerEvent) => resize(width + sign * (to.clientX - from));
    const end = () => {
      delete separator.dataset["dragging"];
      separator.removeEventListener("pointermove", move);
      separator.removeEventListener("lostpointercapture", end);
    };
    separator.addEventListener("pointermove", move);
    separator.addEventListener("lostpointercapture", end);
  };

  const press = (event: JSX.TargetedKeyboardEvent<HTMLElement>) => {
    const wish = resizeByKey(event.key, width, bounds, grows);
    if (wish === undefined) return;
    event.preventDefault();
    resize(wish);
  };

  return (
    // biome-ignore lint/a11y/useSemanticElements: an hr cannot be moved; this is the ARIA window splitter.
    <div
      class={`c-splitter c-splitter-${pane}`}
      role="separator"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label={props.label}
      aria-controls={props.controls}
      aria-valuenow={width}
      aria-valuemin={bounds.min}
      aria-valuemax={bounds.max}
      onPointerDown={drag}
      onKeyDown={press}
      onDblClick={() => resize(bounds.initial)}
    />
  );
}

function isLeftToRight(): boolean {
  return document.documentElement.dir !== "rtl";
}
