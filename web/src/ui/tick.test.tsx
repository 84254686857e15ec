// @vitest-environment happy-dom
import { render } from "preact";
import { beforeAll, expect, test } from "vitest";
import type { Tick as TickState } from "../client/api.ts";
import { startLanguage } from "./i18n/language.ts";
import { Tick } from "./tick.tsx";

beforeAll(startLanguage);

function drawn(state: TickState): { shape: string; title: string | null | undefined } {
  const root = document.createElement("div");
  render(<Tick state={state} />, root);
  return {
    shape: root.querySelector("svg")?.innerHTML ?? "",
    title: root.querySelector("span")?.getAttribute("title"),
  };
}

test("each stage has a shape of its own, so that colour is never needed", () => {
  const stages: readonly TickState[] = ["sending", "stored", "delivered", "read", "failed"];
  expect(new Set(stages.map((s) => drawn(s).shape)).size).toBe(stages.length);
});

test("what waits shows the same clock, and says which wait it is", () => {
  expect(drawn("queued").shape).toBe(drawn("sending").shape);
  expect(drawn("queued").title).not.toBe(drawn("sending").title);
});
