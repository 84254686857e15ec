/** Icons that only the console has, on a field of 24. */
import type { IconPath } from "../ui/icon.tsx";

export const pin: IconPath = { path: "M9 3h6l-1 7 4 4H6l4-4-1-7ZM12 14v7" };
export const bell: IconPath = { path: "M6 17V11a6 6 0 0 1 12 0v6l2 1H4l2-1ZM10 21h4" };
export const bellOff: IconPath = {
  path: "M6 17V11c0-1 .2-1.900.6-2.700M9 5.800A6 6 0 0 1 18 11v3M4 18h14M10 21h4M4 4l16 16",
};
export const envelope: IconPath = { path: "M3 6h18v12H3V6ZM3 7l9 7 9-7" };
export const eye: IconPath = {
  path: "M2 12s4-7 10-7 10 7 10 7-4 7-10 7-10-7-10-7ZM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6",
};
export const pen: IconPath = { path: "M4 20l1-5L16 4l4 4L9 19l-5 1ZM14 6l4 4" };
