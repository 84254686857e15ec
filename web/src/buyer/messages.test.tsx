// @vitest-environment happy-dom
import { signal } from "@preact/signals";
import { render } from "preact";
import { act } from "preact/test-utils";
import { beforeAll, expect, test, vi } from "vitest";
import { startLanguage } from "../ui/i18n/language.ts";
import { testThread, theirs } from "../ui/test-thread.ts";
import { Messages } from "./messages.tsx";

const client = { pictureUrl: () => signal(undefined) };

beforeAll(startLanguage);

test("an empty thread shows what it is given, a thread with messages shows them once they can be drawn", async () => {
  const root = document.createElement("div");
  document.body.append(root);
  const draw = (thread: ReturnType<typeof testThread>["thread"]) =>
    act(() => render(<Messages thread={thread} client={client} recallMs={0} empty="nothing yet" />, root));
  await draw(testThread([]).thread);
  expect(root.textContent).toBe("nothing yet");

  await draw(testThread([theirs(1, [{ type: "text", text: "hi" }], Date.now())]).thread);
  expect(root.querySelector("[role=status]")).not.toBeNull();
  await vi.waitFor(() => expect(root.querySelector("article")?.textContent ?? "").toContain("hi"), 15_000);
  expect(root.querySelector("[role=status].thread-skeleton")).toBeNull();
});
