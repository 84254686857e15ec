// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { startLanguage, words } from "./i18n/language.ts";
import { later, loadLater } from "./later.ts";
import { lazy } from "./lazy.tsx";
import { Toasts } from "./toast.tsx";

const root = document.createElement("div");
const reload = vi.fn();

beforeAll(async () => {
  await startLanguage();
  vi.stubGlobal("location", { ...location, reload });
});

afterEach(() => {
  render(null, root);
  vi.restoreAllMocks();
});

function draw(View: () => ReturnType<typeof Toasts> | null): void {
  document.body.append(root);
  void act(() =>
    render(
      <>
        <View />
        <Toasts />
      </>,
      root,
    ),
  );
}

test("a part is drawn once its code and all words are there, and something else until then", async () => {
  const Part = lazy(
    async () => () => <b>{words().menu.signOut}</b>,
    () => <i>wait</i>,
  );
  draw(() => <Part />);
  expect(root.textContent).toBe("wait");
  await vi.waitFor(() => expect(root.textContent).toBe("Sign out"));
});

test("a part that cannot be loaded says so, offers to reload, and is tried again when it is drawn again", async () => {
  let asked = 0;
  const Part = lazy(async () => {
    if (++asked === 1) throw new Error("404");
    return () => <b>here</b>;
  });
  draw(() => <Part />);
  await vi.waitFor(() => expect(root.textContent).toContain("This could not be loaded."));
  root.querySelector<HTMLButtonElement>(".toast button")?.click();
  expect(reload).toHaveBeenCalledOnce();
  render(null, root);
  draw(() => <Part />);
  await vi.waitFor(() => expect(root.textContent).toContain("here"));
});

test("without a network nobody is sent to reload what would then be gone", async () => {
  vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
  const Part = lazy<object>(async () => Promise.reject(new Error("offline")));
  draw(() => <Part />);
  await vi.waitFor(() => expect(root.textContent).toContain("This could not be loaded."));
  expect([...root.querySelectorAll(".toast button")].at(-1)).toBeUndefined();
});

test("what is loaded later is loaded once, and again only if that did not work", async () => {
  let works = false;
  const good = later(vi.fn(async () => undefined));
  const bad = later(vi.fn(async () => (works ? undefined : Promise.reject(new Error("offline")))));
  await loadLater();
  works = true;
  await loadLater();
  await loadLater();
  expect(good).toHaveBeenCalledTimes(1);
  expect(bad).toHaveBeenCalledTimes(2);
});
