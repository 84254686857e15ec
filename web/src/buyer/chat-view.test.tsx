// @vitest-environment happy-dom
import { signal } from "@preact/signals";
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import type { Client } from "../client/api.ts";
import type { Closed } from "../protocol/body.ts";
import { startLanguage } from "../ui/i18n/language.ts";
import { seller, testThread } from "../ui/test-thread.ts";
import { dropInto } from "../ui/use-pictures.ts";
import { ChatView } from "./chat-view.tsx";

// It says what it was told to check a picture against.
vi.mock("../platform/picture.ts", () => ({ preparePicture: async (_: Blob, limits: object) => limits }));

const root = document.createElement("div");

beforeAll(startLanguage);

afterEach(() => render(null, root));

/** Opens the chat with a shop that usually replies in five minutes and is not there. */
function open(closed: Closed | undefined, me?: object): void {
  const client = {
    connection: signal({ kind: "online" }),
    me: signal(me),
    presence: () => signal("offline"),
  } as object;
  document.body.append(root);
  void act(() =>
    render(
      <ChatView
        client={client as Client}
        thread={testThread([]).thread}
        product={undefined}
        merchant={seller}
        closed={closed}
        replies={300_000}
        wide={false}
      />,
      root,
    ),
  );
}

const state = () => root.querySelector(".chat-state")?.textContent;
const notice = () => root.querySelector(".notice")?.textContent;

test.each([
  { name: "until it opens", closed: { until: Date.now() + 60_000 } },
  { name: "and nobody knows until when", closed: {} },
])("a shop that is closed $name is not said to reply in minutes", async ({ closed }) => {
  open(closed);
  await vi.waitFor(() => expect(notice()).toContain("The seller is away"), 15_000);
  expect(state()).toBe("Offline");
});

test.each([
  { name: "was never closed", closed: undefined },
  { name: "has opened since", closed: { until: Date.now() - 60_000 } },
])("a shop that $name replies when it usually does", ({ closed }) => {
  open(closed);
  expect(state()).toBe("Usually replies in 5 minutes");
  expect(notice()).toBeUndefined();
});

test("a picture is checked against what this server takes", async () => {
  const limits = { text: 10, images: 2, upload_bytes: 1_000, upload_pixels: 64 };
  open(undefined, { participant: { uid: "U_1" }, limits });
  expect(await dropInto.value?.prepare(new Blob(["x"]))).toEqual(limits);
});
