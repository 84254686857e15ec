/** The button on a shop's page. What opens from it is loaded at the first sign that somebody wants it. */
import { adopt, element } from "./dom.ts";
import type { Panel } from "./panel.ts";
import { css } from "./style.ts";
import { talked } from "./talked.ts";
import { type Words, wordsFor } from "./words.ts";

/** A token of the marketplace for the buyer on the page, or how to get one; null for nobody. */
export type TokenSource = string | null | (() => string | null | Promise<string | null>);

export type Options = {
  script: string; // where the loader is from: the chat's own address
  language: string;
  left: boolean;
  z: string;
  accent: string;
  onAccent: string;
};

export type Listener = (value?: unknown) => void;

const bubble = "M4 5.500h16v10.500h-9l-5 4v-4h-2z";
const chevron = "M6 9l6 6 6-6";
/** How long what opens may take to come. */
const patience = 10_000;
const intents = ["pointerenter", "focus", "touchstart"];

/**
 * What this and `Panel` use of each other stays as it is, and is only added to, on both sides: for minutes after an
 * update, and in pages that stay open, a loader of before meets the panel of now, which then does without what is new.
 */
export class Widget {
  readonly options: Options;
  readonly host = element("div");
  readonly root = this.host.attachShadow({ mode: "open" });
  readonly launch = element("button", "launch");
  readonly words: Words;
  product: string | undefined;
  tokens: TokenSource = null;
  unread = 0;
  shown = false;
  readonly listeners = new Map<string, Set<Listener>>();
  private readonly line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  private readonly count = element("span", "count");
  private panel: Promise<Panel> | undefined;
  private drawn = false;
  private gone = false;

  constructor(options: Options, product: string | undefined) {
    this.options = options;
    this.product = product;
    this.words = wordsFor(options.language);
    adopt(this.root, css); // throws in an old browser, while that is still caught
    // Apart from what the page is busy with when this comes: the two in one go may keep a finger waiting.
    soon(() => this.draw(), 1_000);
    // Who has talked here before wants to know of answers; nobody else costs the page more than the button.
    // To look that up is the slowest thing here: the browser reads its storage from the disk.
    idle(() => this.host.isConnected && talked() && this.warm());
  }

  /** Has what opens loaded, and the chat in it. */
  warm(): void {
    this.with((panel) => panel.warm());
  }

  with(fn: (panel: Panel) => void): void {
    this.panel ??= this.load().then(({ Panel }) => new Panel(this));
    this.panel.then(fn).catch(() => {
      this.panel = undefined;
    });
  }

  /** Tells the panel, if there is one, of what has changed. */
  told(fn: (panel: Panel) => void): void {
    if (this.panel !== undefined) this.with(fn);
  }

  destroy(): void {
    this.gone = true;
    this.told((panel) => panel.remove());
    this.host.remove();
  }

  toggle(): void {
    // On a sheet there is no button to press: it is the page that closes it.
    if (this.shown) return this.with((panel) => panel.close(true));
    this.open();
  }

  open(): void {
    this.draw();
    this.launch.ariaBusy = "true";
    this.with((panel) => panel.open());
    const there = (): void => {
      this.launch.ariaBusy = null;
    };
    this.panel?.then(there, () => {
      there();
      this.sayFailed();
    });
  }

  emit(name: string, value?: unknown): void {
    for (const listener of this.listeners.get(name) ?? []) {
      try {
        listener(value);
      } catch (error) {
        reportError(error); // the page's own to know; it stops nothing here
      }
    }
  }

  /** Draws the button as things are. */
  label(): void {
    const { open, close, unread } = this.words;
    const count = this.shown ? 0 : this.unread;
    this.launch.ariaLabel = this.shown ? close : count > 0 ? `${open}, ${unread(count)}` : open;
    this.launch.ariaExpanded = String(this.shown);
    this.line.setAttribute("d", this.shown ? chevron : bubble);
    this.count.textContent = count > 99 ? "99+" : String(count);
    this.count.hidden = count === 0;
  }

  /** Puts the button on the page; again, where that has been given another body since. */
  private draw(): void {
    if (this.gone) return;
    if (!this.drawn) this.make();
    if (!this.host.isConnected) document.body.append(this.host);
  }

  /** Puts it back on the page, if it was on it. */
  putBack(): void {
    if (this.drawn) this.draw();
  }

  private make(): void {
    this.drawn = true;
    const { left, z, accent, onAccent } = this.options;
    const { host, launch, root } = this;
    for (const [name, value] of [
      ["z", z],
      ["accent", accent],
      ["on", onAccent],
    ] as const) {
      host.style.setProperty(`--${name}`, value);
    }
    host.className = left ? "left" : "";
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.append(this.line);
    launch.append(svg, this.count);
    launch.ariaHasPopup = "dialog";
    launch.onclick = () => this.toggle();
    for (const intent of intents) launch.addEventListener(intent, () => this.warm(), { passive: true });
    root.append(launch);
    this.label();
  }

  /** A script of another site's has no address of its own, as far as the browser would tell it: this one brings it. */
  private load(): Promise<typeof import("./panel.ts")> {
    return new Promise((there, failed) => {
      setTimeout(failed, patience);
      import(/* @vite-ignore */ new URL(panelFile, this.options.script).href).then(there, failed);
    });
  }

  /** Not even what would say so could be loaded. */
  private sayFailed(): void {
    const note = element("div", "pop say");
    note.role = "alert";
    note.textContent = this.words.failed;
    this.root.append(note);
    setTimeout(() => note.remove(), 6_000);
  }
}

/** Where the panel's module is, seen from the loader; set when that is built. */
declare const panelFile: string;

/** Runs `fn` once the page has nothing better to do, `latest` milliseconds from now if it always has. */
function soon(fn: () => void, latest: number): void {
  if (typeof requestIdleCallback === "function") requestIdleCallback(fn, { timeout: latest });
  else setTimeout(fn, latest / 5);
}

/** The same, after all that the page began with is there. */
function idle(fn: () => void): void {
  const later = (): void => soon(fn, 5_000);
  if (document.readyState === "complete") later();
  else addEventListener("load", later, { once: true });
}
