// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { beforeAll, expect, test, vi } from "vitest";
import type { Failure, Thread } from "../client/api.ts";
import { loadWords, startLanguage } from "../ui/i18n/language.ts";
import { ReportDialog } from "./report-dialog.tsx";

beforeAll(async () => {
  await startLanguage();
  await loadWords();
});

test("a double click reports once; a report that was refused may be sent again", async () => {
  const answers: ((refused: Failure | undefined) => void)[] = [];
  const report = vi.fn(() => new Promise<Failure | undefined>((answer) => answers.push(answer)));
  let closed = 0;
  const root = document.body.appendChild(document.createElement("div"));
  const thread = { report } as unknown as Thread;
  await act(() => render(<ReportDialog thread={thread} seq={7} onClose={() => closed++} />, root));
  const send = root.querySelector<HTMLButtonElement>(".primary");
  await act(() => root.querySelector<HTMLInputElement>("input")?.click());
  send?.focus();
  const press = () => act(() => send?.click());
  await press();
  await press();
  expect(report).toHaveBeenCalledTimes(1);
  expect(document.activeElement).toBe(send);

  await act(async () => answers[0]?.({ code: "unavailable", message: "later" }));
  expect(root.querySelector("[role=alert]")).not.toBeNull();
  await press();
  await press();
  expect(report).toHaveBeenCalledTimes(2);
  await act(async () => answers[1]?.(undefined));
  expect(closed).toBe(1);
});
