import type { JSX } from "preact";

/** The paths of the icons of a first screen, drawn with a stroke on a field of 24; those of all others are in icon.tsx. */
export const firstPaths = {
  alert: "M12 7v6M12 16.5v.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z",
  back: "M15 5l-7 7 7 7",
  bag: "M5 8h14l1 12H4L5 8ZM9 8a3 3 0 0 1 6 0",
  chat: "M4 5h16v11H9l-5 4V5Z",
  check: "M5 12.5l4.5 4.5L19 7.5",
  close: "M6 6l12 12M18 6L6 18",
  image: "M4 5h16v14H4V5ZM4 16l5-5 4 4 3-3 4 4M15.5 9v.01",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  more: "M12 5.5v.01M12 12v.01M12 18.5v.01",
  offline: "M3 4l18 16M2 8.5a15 15 0 0 1 20 0M5 12a10 10 0 0 1 14 0M8.5 15.5a5 5 0 0 1 7 0M12 19v.01",
  send: "M4 12L3 4l18 8-18 8 1-8ZM4 12h8",
  smile: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM8.5 14a4 4 0 0 0 7 0M9 9.5v.01M15 9.5v.01",
} as const;

export type FirstIconName = keyof typeof firstPaths;

/** An icon for the eye only: what it means is said by the text or label beside it. */
export function FirstIcon({ name }: { name: FirstIconName }): JSX.Element {
  // Those that point along the text turn round where the text runs from right to left.
  return (
    <Drawing path={firstPaths[name]} directed={name === "back" || name === "send"} bold={name === "more"} />
  );
}

export type DrawingProps = { path: string; directed: boolean; bold: boolean };

/** A path of one of the icons, drawn. */
export function Drawing({ path, directed, bold }: DrawingProps): JSX.Element {
  return (
    <svg
      class={directed ? "icon directed" : "icon"}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width={bold ? 2.6 : 1.8}
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={path} />
    </svg>
  );
}
