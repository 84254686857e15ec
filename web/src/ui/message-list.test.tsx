// @vitest-environment happy-dom
import { signal } from "@preact/signals";
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import type { Thread } from "../client/api.ts";
import type { Block } from "../protocol/body.ts";
import { today } from "./i18n/clock.ts";
import { speakOfFailures } from "./i18n/failure-text.ts";
import { startLanguage } from "./i18n/language.ts";
import { loadLater } from "./later.ts";
import { canRecall, entryActions } from "./message-actions.ts";
import { MessageList } from "./message-list.tsx";
import { followDays } from "./midnight.ts";
import { failed, mine, testThread, theirs, uploading } from "./test-thread.ts";
import { Toasts } from "./toast.tsx";

const noon = new Date(2026, 4, 1, 12).getTime();
const client = { pictureUrl: () => signal(undefined) };
const root = document.createElement("div");
const toasts = document.createElement("div");

beforeAll(async () => {
  await startLanguage();
  await loadLater();
  await speakOfFailures("en");
});

afterEach(() => {
  render(null, root);
  render(null, toasts);
});

function draw(thread: Thread): void {
  document.body.append(root);
  void act(() =>
    render(<MessageList thread={thread} client={client} recallMs={120_000} empty="nothing yet" />, root),
  );
}

function names(): (string | null)[] {
  return [...root.querySelectorAll("article")].map((a) => a.getAttribute("aria-label"));
}

test("every message has a name that says who, when and how far it got", () => {
  const entries = [
    theirs(1, [{ type: "text", text: "hi" }], noon),
    mine(2, [{ type: "text", text: "ho" }], noon),
  ];
  draw(testThread(entries).thread);
  expect(names()).toEqual(["Kiln & Cloud, 12:00", "You, 12:00, read"]);
});

test("who moves from message to message hears what each says", () => {
  draw(testThread([theirs(1, [{ type: "text", text: "hi" }], noon)]).thread);
  const described = root.querySelector("article")?.getAttribute("aria-describedby") ?? "";
  expect(document.getElementById(described)?.textContent).toBe("hi");
});

test("that somebody writes is said aloud once, until there is something new to read", async () => {
  const { thread } = testThread([theirs(1, [{ type: "text", text: "hi" }], noon)]);
  const typing = signal<string | undefined>(undefined);
  const entries = signal(thread.entries.value);
  draw({ ...thread, peerTyping: typing, entries });
  const aloud = () => root.querySelector("[role=status].visually-hidden")?.textContent;
  const type = (name: string | undefined) =>
    act(() => {
      typing.value = name;
    });
  await type("");
  expect(aloud()).toBe("Kiln & Cloud is typing…");
  await type(undefined);
  await type("");
  expect(aloud()).toBe("");
  await type(undefined);
  await act(() => {
    entries.value = [...entries.value, theirs(2, [{ type: "text", text: "ho" }], noon)];
  });
  await type("");
  expect(aloud()).toBe("Kiln & Cloud is typing…");
});

test("what the other side wrote is text, whatever it looks like", () => {
  draw(
    testThread([
      theirs(1, [{ type: "text", text: '<img src=x onerror="alert(1)"> javascript:alert(2)' }], noon),
    ]).thread,
  );
  expect(root.querySelector("article img")).toBeNull();
  expect(root.querySelector("article a")).toBeNull();
  expect(root.textContent).toContain('<img src=x onerror="alert(1)">');
});

test("a link opens elsewhere and gives nothing away", () => {
  draw(testThread([theirs(1, [{ type: "text", text: "see https://a.example/x" }], noon)]).thread);
  const link = root.querySelector("article a");
  expect(link?.getAttribute("rel")).toBe("noopener noreferrer nofollow ugc");
  expect(link?.getAttribute("target")).toBe("_blank");
  expect(link?.getAttribute("title")).toBe("Opens a.example");
});

test("a message taken back leaves a line and none of its words", () => {
  draw(testThread([mine(1, [], noon, noon + 1)]).thread);
  expect(root.textContent).toContain("You took a message back");
});

test("the focus stays with a message that is taken back, whoever takes it back", () => {
  const said = [
    mine(1, [{ type: "text", text: "a slip" }], noon),
    mine(2, [{ type: "text", text: "ok" }], noon),
  ];
  const { thread, entries } = testThread(said);
  draw(thread);
  root.querySelector<HTMLElement>('[data-key="m1"]')?.focus();
  void act(() => {
    entries.value = [mine(1, [], noon, noon + 1), ...said.slice(1)];
  });
  expect(document.activeElement?.textContent).toContain("You took a message back");
});

test("who deletes a failed message by keyboard goes on in the field, who sends it again stays with it", async () => {
  const { thread, entries } = testThread([
    failed("n1", "ho", noon, { code: "blocked", message: "server's words" }),
  ]);
  const page = document.createElement("main");
  page.append(root, document.createElement("textarea"));
  document.body.append(page);
  void act(() => render(<MessageList thread={thread} client={client} recallMs={1} />, root));
  const button = (name: string) =>
    [...root.querySelectorAll<HTMLButtonElement>(".entry-failed button")].find((b) => b.textContent === name);
  await vi.waitFor(() => expect(button("Retry")).toBeDefined());
  button("Retry")?.focus();
  void act(() => button("Retry")?.click());
  expect(document.activeElement?.getAttribute("data-key")).toBe("n1");
  button("Delete")?.focus();
  void act(() => button("Delete")?.click());
  void act(() => {
    entries.value = [];
  });
  await vi.waitFor(() => expect(document.activeElement?.localName).toBe("textarea"));
  page.remove();
});

test("a failed message says why, and can be sent again or deleted", async () => {
  const { thread, asked } = testThread([
    failed("n1", "ho", noon, { code: "blocked", message: "server's words" }),
  ]);
  draw(thread);
  await vi.waitFor(() => expect(root.textContent).toContain("does not take messages from you"));
  expect(root.textContent).not.toContain("server's words");
  for (const button of root.querySelectorAll<HTMLButtonElement>(".entry-failed button"))
    void act(() => button.click());
  void act(() => render(<Toasts />, toasts));
  void act(() => [...toasts.querySelectorAll("button")].at(-1)?.click());
  expect(asked.filter((a) => a.endsWith("n1"))).toEqual(["retry n1", "discard n1", "back n1"]);
});

test("what can never be taken as it is can only be deleted, what may pass can be sent again", async () => {
  const codes = { broken_image: false, unsupported_image: false, text_too_long: false, store_full: true };
  for (const [code, again] of Object.entries({ ...codes, blocked_by_you: true, earlier_failed: true })) {
    const { thread } = testThread([failed("n1", "ho", noon, { code, message: "" })]);
    draw(thread);
    const names = () => [...root.querySelectorAll(".entry-failed button")].map((b) => b.textContent);
    await vi.waitFor(() => expect(names()).toContain("Delete"));
    expect(names().includes("Retry"), code).toBe(again);
    const [entry] = thread.entries.peek();
    const offered = entry === undefined ? [] : entryActions(entry, thread, 0, undefined);
    expect(
      offered.some(({ label }) => label === "Retry"),
      code,
    ).toBe(again);
    render(null, root);
  }
});

test("how far an upload is has a unit in which it is no nought", async () => {
  for (const [size, want] of [
    [64_300, "33 of 65 KB"],
    [2_400_000, "1.2 of 2.4 MB"],
  ] as const) {
    const { thread } = testThread([uploading("n1", size, 0.5, noon)]);
    draw(thread);
    await vi.waitFor(() => expect(root.querySelector(".entry-bytes")?.textContent).toBe(want));
    render(null, root);
  }
});

test("what was said today was said yesterday once midnight has passed", () => {
  followDays()(); // what was loaded follows the real ones
  vi.useFakeTimers({ now: new Date(2026, 4, 1, 23, 59) });
  const stop = followDays();
  try {
    today.value = Date.now();
    draw(testThread([theirs(1, [{ type: "text", text: "hi" }], noon)]).thread);
    const day = () => root.querySelector(".thread-day")?.textContent;
    expect(day()).toBe("Today");
    void act(() => void vi.advanceTimersByTime(120_000));
    expect(day()).toBe("Yesterday");
  } finally {
    stop();
    vi.useRealTimers();
    today.value = Date.now();
  }
});

test("a block from the future is said to be one", () => {
  draw(testThread([theirs(1, [{ type: "unknown" }], noon)]).thread);
  expect(root.textContent).toContain("cannot be shown in this version");
});

test("what the chat says about a message is no part of its bubble", () => {
  draw(
    testThread([
      theirs(
        1,
        [
          { type: "text", text: "look" },
          { type: "notice", notice: { code: "image_missing", detail: "up/<b>\u202egpj.exe" } },
        ],
        noon,
      ),
    ]).thread,
  );
  const notice = root.querySelector("article .entry-notice");
  expect(notice?.closest(".bubble")).toBeNull();
  expect(notice?.querySelector("svg")).not.toBeNull();
  expect(notice?.textContent).toBe("Notice: A picture is missing hereup/<b>gpj.exe");
  expect(notice?.querySelector("bdi")?.getAttribute("dir")).toBe("auto");
  expect(root.querySelector(".bubble")?.textContent).toBe("look");
});

test("a text cannot pass for a notice", () => {
  draw(testThread([theirs(1, [{ type: "text", text: "Notice: A picture is missing here" }], noon)]).thread);
  expect(root.querySelector(".entry-notice")).toBeNull();
  expect(root.querySelector(".bubble:not(.bare)")).not.toBeNull();
});

test("a message that was added later says its own day, to the ear too", () => {
  const blocks: Block[] = [
    { type: "notice", notice: { code: "added_later" } },
    { type: "text", text: "hi" },
  ];
  draw(testThread([theirs(1, blocks, noon)]).thread);
  expect(root.querySelector(".entry-notice time")?.textContent).toMatch(/^Sent May 1, 2026.*12:00:00/);
  expect(names()[0]).toMatch(/^Kiln & Cloud, May 1, 2026.*12:00:00/);
});

test("a notice of a later version is said in general words", () => {
  const notice = (code: string): Block => ({ type: "notice", notice: { code } });
  draw(testThread([theirs(1, [notice("from_the_future"), notice("toString")], noon)]).thread);
  expect([...root.querySelectorAll(".entry-notice")].map((n) => n.textContent)).toEqual(
    Array(2).fill("Notice: A notice that this version cannot show"),
  );
});

test("history that arrives is not read aloud", () => {
  const { thread } = testThread([theirs(1, [{ type: "text", text: "hi" }], noon)]);
  draw({ ...thread, loadingOlder: signal(true) });
  const log = root.querySelector('[role="log"]');
  expect(log?.getAttribute("aria-live")).toBe("polite");
  expect(log?.getAttribute("aria-busy")).toBe("true");
});

test("history that arrives below is not read aloud, what is new after it is", async () => {
  const said = (seq: number) => theirs(seq, [{ type: "text", text: `no. ${seq}` }], noon);
  const { thread, entries } = testThread([said(1)]);
  const hasNewer = signal(true);
  draw({ ...thread, hasNewer });
  const log = root.querySelector('[role="log"]');
  const busy: (string | null | undefined)[] = [];
  const insert = log?.insertBefore.bind(log);
  Object.assign(log ?? {}, {
    insertBefore: (node: Node, before: Node | null) => {
      busy.push(log?.getAttribute("aria-busy"));
      return insert?.(node, before);
    },
  });
  const come = (seq: number, more: boolean) =>
    act(() => {
      entries.value = [...entries.value, said(seq)];
      hasNewer.value = more;
    });
  await come(2, true);
  await come(3, false);
  expect(busy).toEqual(["true", "true"]);
  expect(log?.getAttribute("aria-busy")).toBe("false");
  await come(4, false);
  expect(busy).toEqual(["true", "true", "false"]);
});

test("a picture has its box before it is loaded", () => {
  const image = { file: "f", width: 1000, height: 500 };
  draw(testThread([theirs(1, [{ type: "image", image }], noon)]).thread);
  const box = root.querySelector<HTMLElement>(".picture");
  expect(box?.style.aspectRatio).toBe("250 / 125");
  expect(box?.querySelector("img")).toBeNull();
});

test("a thread that could not be loaded offers to try again", async () => {
  const { thread, asked } = testThread([], { state: "failed", failure: { code: "network", message: "x" } });
  draw(thread);
  await vi.waitFor(() => expect(root.textContent).toContain("There is no connection to the server."));
  void act(() => root.querySelector<HTMLButtonElement>("button")?.click());
  expect(asked).toEqual(["reload"]);
});

test("an empty thread shows what the app wants to say", () => {
  draw(testThread([]).thread);
  expect(root.textContent).toBe("nothing yet");
});

test("only one's own, and only for two minutes, can be taken back", () => {
  const own = mine(1, [{ type: "text", text: "x" }], noon);
  expect(canRecall(own, 120_000, noon + 119_999)).toBe(true);
  expect(canRecall(own, 120_000, noon + 120_000)).toBe(false);
  expect(canRecall(theirs(2, [{ type: "text", text: "x" }], noon), 120_000, noon)).toBe(false);
});
