import { expect, test } from "vitest";
import { History, stepOf } from "./history.ts";

function begun(): History<string> {
  const history = new History<string>();
  history.begin("");
  return history;
}

test("a word that is typed is one step, and the blank after it ends it", () => {
  const history = begun();
  for (const [i, text] of ["o", "on", "one"].entries()) history.note(text, "insertText", i * 100);
  history.note("one ", stepOf({ inputType: "insertText", data: " " }), 300);
  for (const [i, text] of ["one t", "one tw"].entries()) history.note(text, "insertText", 400 + i);
  expect(history.back()).toBe("one ");
  expect(history.back()).toBe("one");
  expect(history.back()).toBe("");
  expect(history.back()).toBeUndefined();
  expect([history.forward(), history.forward(), history.forward()]).toEqual(["one", "one ", "one tw"]);
  expect(history.forward()).toBeUndefined();
});

test("what is typed after a pause is a step of its own", () => {
  const history = begun();
  history.note("a", "insertText", 0);
  history.note("ab", "insertText", 2_000);
  expect(history.back()).toBe("a");
});

test("what was undone is gone once something else is written", () => {
  const history = begun();
  history.note("a", "", 0);
  expect(history.back()).toBe("");
  history.note("b", "", 1);
  expect(history.forward()).toBeUndefined();
  expect(history.back()).toBe("");
});

test("typing after an undo does not melt into what it came back to", () => {
  const history = begun();
  history.note("a", "insertText", 0);
  history.note("a ", "", 10);
  history.back();
  history.note("ab", "insertText", 20);
  expect(history.back()).toBe("a");
});

test("nothing from before a beginning comes back", () => {
  const history = begun();
  history.note("to the first buyer", "", 0);
  history.begin("");
  expect([history.back(), history.forward()]).toEqual([undefined, undefined]);
  history.note("x", "insertText", 1);
  history.note("xy", "insertText", 2);
  expect(history.back()).toBe("");
  expect(history.back()).toBeUndefined();
});

test("the oldest steps go when there are too many", () => {
  const history = begun();
  for (let i = 1; i <= 500; i++) history.note(String(i), "", i);
  let steps = 0;
  for (; history.back() !== undefined; steps++);
  expect(steps).toBe(199);
});

test.each([
  ["insertText", "x", "insertText"],
  ["insertText", "字", "insertText"],
  ["insertText", " ", ""],
  ["insertText", "a whole phrase", ""],
  ["insertCompositionText", "ni", "insertCompositionText"],
  ["deleteContentBackward", null, "deleteContentBackward"],
  ["insertFromDrop", null, ""],
  ["insertLineBreak", null, ""],
])("%s of %j", (inputType, data, step) => {
  expect(stepOf({ inputType, data })).toBe(step);
});
