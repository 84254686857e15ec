/** What a shop's page loads: reads its script tag, makes the widget, and carries out `haggle(…)`. */
import { type Listener, type Options, type TokenSource, Widget } from "./widget.ts";

/** `live`: it is this script's own, not the queue that a page makes for it. */
type Api = { (...call: unknown[]): void; q?: ArrayLike<unknown>[]; live?: true };

const page: { haggle?: Api } = window as never;
const script = document.currentScript;

function start(): void {
  const early = page.haggle;
  if (!(script instanceof HTMLScriptElement)) return;
  if (early?.live === true) return again(early, script.dataset);
  const widget = new Widget(options(script), script.dataset["product"]);
  widget.tokens = script.dataset["token"] ?? null;
  const api: Api = (command, ...given) => {
    run(widget, String(command), given);
    // After what that has told a frame: one that is put back loads anew, and asks.
    queueMicrotask(() => widget.putBack());
  };
  page.haggle = Object.assign(api, { live: true } as const);
  for (const [command, ...given] of Array.from(early?.q ?? [], (call) => Array.from(call))) {
    run(widget, String(command), given);
  }
}

/** Where a page is only given another body, its tag is run once more: it says what is so from here on. */
function again(live: Api, { product, token }: DOMStringMap): void {
  if (token !== undefined) live("setToken", token);
  if (product !== undefined) live("setProduct", product);
  live("here");
}

function run(widget: Widget, command: string, [first, second]: unknown[]): void {
  const all = widget.listeners;
  switch (command) {
    case "open":
      return widget.open();
    case "close":
      return widget.told((panel) => panel.close(true));
    case "setProduct":
      widget.product = String(first);
      return widget.told((panel) => panel.tellProduct());
    case "setToken":
      widget.tokens = first as TokenSource;
      return widget.told((panel) => void panel.tellToken());
    case "on":
      all.set(String(first), (all.get(String(first)) ?? new Set()).add(second as Listener));
      return widget.told((panel) => panel.tellShown());
    case "off":
      all.get(String(first))?.delete(second as Listener);
      return;
    case "destroy":
      widget.destroy();
      page.haggle = queue();
  }
}

/** Keeps calls for a loader that may come. */
function queue(): Api {
  const q: unknown[][] = [];
  return Object.assign((...call: unknown[]) => void q.push(call), { q });
}

/** Design tokens of the light theme; set when this is built. */
declare const accentFill: string, accentText: string;

function options({ src, dataset }: HTMLScriptElement): Options {
  return {
    script: src,
    language: dataset["lang"] ?? (document.documentElement.lang || navigator.language),
    left: dataset["position"] === "left",
    z: dataset["z"] ?? "2147483000",
    accent: dataset["accent"] ?? accentFill,
    onAccent: dataset["onAccent"] ?? accentText,
  };
}

/** Nothing that goes wrong in here is worth more than the shop's page: it then has no button. */
function begin(): void {
  try {
    start();
  } catch {
    // A browser from before 2023.
  }
}

// Not in one go with what the page itself does then: together they may take so long that a finger waits.
if (document.readyState === "loading") addEventListener("DOMContentLoaded", () => setTimeout(begin));
else begin();
