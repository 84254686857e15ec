// @vitest-environment happy-dom
import { beforeEach, expect, test, vi } from "vitest";

const options = {
  script: "https://chat.example/widget.js",
  language: "en",
  left: false,
  z: "1",
  accent: "#000",
  onAccent: "#fff",
};

beforeEach(() => {
  for (const name of ["badgeFill", "badgeText", "edgeColour", "shadeColour", "panelFile"])
    vi.stubGlobal(name, "x");
  vi.useFakeTimers();
  localStorage.setItem("haggle.talked", "1");
});

async function waits(then: (widget: { destroy(): void }) => void): Promise<number> {
  const { Widget } = await import("./widget.ts");
  const widget = new Widget(options, "1001");
  const warm = vi.spyOn(widget, "warm").mockReturnValue();
  then(widget);
  vi.advanceTimersByTime(10_000);
  return warm.mock.calls.length;
}

test("who has talked here has the chat made once the page is idle, unless the button is gone by then", async () => {
  expect(await waits(() => undefined)).toBe(1);
  expect(await waits((widget) => widget.destroy())).toBe(0);
});

test("the button comes when the page has time for it, at once for who opens it, and never for who has taken it away", async () => {
  const { Widget } = await import("./widget.ts");
  const drawn = (widget: { host: Element }) => widget.host.isConnected;
  const waiting = new Widget(options, "1001");
  const gone = new Widget(options, "1001");
  gone.destroy();
  expect(drawn(waiting)).toBe(false);
  const opened = new Widget(options, "1001");
  opened.open();
  expect(drawn(opened)).toBe(true);
  vi.advanceTimersByTime(1_000);
  expect(drawn(waiting)).toBe(true);
  expect(opened.root.querySelectorAll(".launch").length).toBe(1);
  expect(drawn(gone)).toBe(false);
});

test("every colour of the button, and of what opens from it, is a token or the page's own", async () => {
  const { css } = await import("./style.ts");
  const { panelCss } = await import("./panel-style.ts");
  expect(`${css}${panelCss}`.match(/#[0-9a-f]{3,8}\b|\b(rgb|hsl)a?\(/gi)).toBeNull();
});
