import type { JSX } from "preact";
import { Drawing, firstPaths } from "./first-icon.tsx";

/** All icons: those of a first screen, and what no page draws before somebody did something. */
const paths = {
  ...firstPaths,
  block: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM5.7 5.7l12.6 12.6",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7v5l3 2",
  copy: "M9 9h11v11H9V9ZM5 15H4V4h11v1",
  down: "M12 5v14M6 13l6 6 6-6",
  flag: "M6 21V4h11l-2 4 2 4H6",
  globe: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM3 12h18M12 3c5 5 5 13 0 18M12 3c-5 5-5 13 0 18",
  out: "M14 4H5v16h9M10 12h11M17 8l4 4-4 4",
  panel: "M4 5h16v14H4V5ZM15 5v14",
  pencil: "M4 20l1-4.500L16 4.500l3.500 3.500L8.500 19 4 20ZM13.500 7l3.500 3.500",
  phrases: "M13 3L5 13.500h6L10 21l8-10.500h-6L13 3Z",
  plus: "M12 5v14M5 12h14",
  retry: "M4 12a8 8 0 0 1 14-5l2 2M20 4v5h-5M20 12a8 8 0 0 1-14 5l-2-2M4 20v-5h5",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM20 20l-4-4",
  settings: "M4 7h9M17 7h3M15 5v4M4 17h3M11 17h9M9 15v4",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.500 1.500M17.500 17.500L19 19M19 5l-1.500 1.500M6.500 17.500L5 19",
  trash: "M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13M10 11v5M14 11v5",
  undo: "M9 7L4 12l5 5M4 12h10a6 6 0 0 1 6 6v1",
  up: "M12 19V5M6 11l6-6 6 6",
  user: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4 21a8 8 0 0 1 16 0",
} as const;

export type IconName = keyof typeof paths;

/** An icon that only one app has. */
export type IconPath = { path: string };

/** Icons that point along the text turn round where the text runs from right to left. */
const directed: ReadonlySet<IconName> = new Set<IconName>(["back", "out", "send", "undo"]);

/** An icon for the eye only: what it means is said by the text or label beside it. */
export function Icon({ name }: { name: IconName | IconPath }): JSX.Element {
  if (typeof name === "object") return <Drawing path={name.path} directed={false} bold={false} />;
  return <Drawing path={paths[name]} directed={directed.has(name)} bold={name === "more"} />;
}
