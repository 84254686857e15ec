// @vitest-environment happy-dom
import { signal } from "@preact/signals";
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeAll, expect, test } from "vitest";
import { startLanguage } from "../../ui/i18n/language.ts";
import { type Desk, DeskContext } from "../desk.ts";
import type { Colleague } from "../model/colleagues.ts";
import { AlsoHere } from "./also-here.tsx";

const root = document.createElement("div");
const otto: Colleague = { agent: "otto", name: "Otto", typing: false };
const mei: Colleague = { agent: "mei", name: "מיי", typing: false };

beforeAll(startLanguage);

afterEach(() => render(null, root));

/** Opens a conversation, and returns what its head does when colleagues come, or a message with that key. */
function open() {
  const there = signal<readonly Colleague[]>([]);
  const desk = { colleagues: { at: () => there } } as object;
  let last: string | undefined;
  const draw = () =>
    act(() =>
      render(
        <DeskContext.Provider value={desk as Desk}>
          <AlsoHere conversation="a" last={last} />
        </DeskContext.Provider>,
        root,
      ),
    );
  return {
    come: async (...colleagues: readonly Colleague[]) => {
      there.value = colleagues;
      await draw();
    },
    message: async (key: string) => {
      last = key;
      await draw();
    },
  };
}

const aloud = () => root.querySelector("[role=status]")?.textContent;
const shown = () => root.querySelector(".c-also")?.textContent;
const writing = { ...otto, typing: true };

test("a colleague who comes is said aloud once; that they write, once until there is something new to read", async () => {
  const { come, message } = open();
  await come();
  expect([shown(), aloud()]).toEqual(["", ""]);
  await message("1");
  await come(otto);
  expect(aloud()).toBe("Otto is looking at this");
  await come(writing);
  expect(aloud()).toBe("Otto is writing an answer…");
  for (const [now, says] of [
    [otto, "Otto is looking at this"],
    [writing, "Otto is writing an answer…"],
    [otto, "Otto is looking at this"],
  ] as const) {
    await come(now);
    expect([shown(), aloud()]).toEqual([says, ""]);
  }
  await message("2");
  expect(aloud(), "nobody came").toBe("");
  await come(writing);
  expect(aloud()).toBe("Otto is writing an answer…");
  await come();
  await come(otto);
  expect(aloud(), "they were away").toBe("Otto is looking at this");
});

test("who comes writing is not said to look once they pause, and others who were there are not told of anew", async () => {
  const { come } = open();
  await come(writing);
  expect(aloud()).toBe("Otto is writing an answer…");
  await come(otto);
  expect(aloud()).toBe("");
  await come(otto, mei);
  expect([shown(), aloud()]).toEqual(["Otto is looking at this +1", ""]);
  await come({ ...mei, typing: true }, otto);
  expect(aloud()).toBe("מיי is writing an answer… +1");
});

test("a name is set by itself: it does not decide which way the sentence goes", async () => {
  const { come } = open();
  await come(mei, otto);
  expect(shown()).toBe("מיי is looking at this +1");
  expect(root.querySelector(".c-also bdi")?.textContent).toBe("מיי");
  expect(root.querySelector("[dir=auto]")).toBeNull();
});
