import { expect, test } from "vitest";
import { arrangement, LIST_PANE, paneWidth, resizeByKey } from "./panes.ts";

test("a remembered width gives way on a smaller screen, so that the thread stays readable", () => {
  expect(paneWidth(460, LIST_PANE, 700)).toBe(460);
  expect(paneWidth(460, LIST_PANE, 380)).toBe(380);
  expect(paneWidth(460, LIST_PANE, 100)).toBe(LIST_PANE.min);
  expect(paneWidth(9000, LIST_PANE, 9000)).toBe(LIST_PANE.max);
});

test("arrow keys move a separator the way it looks", () => {
  expect(resizeByKey("ArrowRight", 300, LIST_PANE, "ArrowRight")).toBe(316);
  expect(resizeByKey("ArrowRight", 300, LIST_PANE, "ArrowLeft")).toBe(284);
  expect(resizeByKey("Home", 300, LIST_PANE, "ArrowRight")).toBe(LIST_PANE.min);
  expect(resizeByKey("End", 300, LIST_PANE, "ArrowRight")).toBe(LIST_PANE.max);
  expect(resizeByKey("Enter", 300, LIST_PANE, "ArrowRight")).toBe(LIST_PANE.initial);
  expect(resizeByKey("Tab", 300, LIST_PANE, "ArrowRight")).toBeUndefined();
});

test("a phone stacks, a tablet overlays, a desk shows all three", () => {
  expect([390, 768, 1280].map(arrangement)).toEqual(["stack", "overlay", "beside"]);
});
