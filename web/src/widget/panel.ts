/** What opens from the button: the chat in a frame, and a peek at what has just come. */

import { closeOnBack, type Step } from "../history/back.ts";
import type { FromFrame } from "../protocol/embed.ts";
import { adopt, element } from "./dom.ts";
import { type Frame, openFrame } from "./frame.ts";
import { panelCss } from "./panel-style.ts";
import { type PanelWords, panelWordsFor } from "./panel-words.ts";
import { followViewport, lockPage, phone } from "./sheet.ts";
import { rememberTalk } from "./talked.ts";
import type { Widget } from "./widget.ts";

type TokenAnswer = { token: string | null; failed?: true };

/** The loader that it meets may be an older one: see `Widget`. */
export class Panel {
  private readonly widget: Widget;
  private readonly words: PanelWords;
  private readonly peek = element("div", "pop peek");
  private readonly box = element("div", "pop panel");
  private readonly live = element("div", "live");
  /** At both ends of the box: who tabs out of a sheet, which covers the page, comes back into it. */
  private readonly guards = [element("div"), element("div")] as const;
  private frame: Frame | undefined;
  private ready = false;
  private release: (() => void) | undefined; // gives back what a sheet holds of the page
  private step: Step | undefined; // the entry of the history that a sheet is

  constructor(widget: Widget) {
    this.widget = widget;
    this.words = panelWordsFor(widget.options.language);
    adopt(widget.root, panelCss);
    this.box.role = "dialog";
    this.box.ariaLabel = this.words.title;
    this.box.tabIndex = -1;
    this.box.hidden = true;
    this.live.ariaLive = "polite";
    this.drawPeek();
    const [before, after] = this.guards;
    for (const guard of this.guards) guard.onfocus = () => this.focus();
    widget.root.prepend(before, this.box, after, this.peek);
    widget.root.append(this.live);
    widget.root.addEventListener("keydown", (event) => {
      if (event instanceof KeyboardEvent && event.key === "Escape") this.close();
    });
  }

  /** Makes the chat, unless it is there. */
  warm(): void {
    if (this.frame !== undefined) return;
    const { title, loading } = this.words;
    this.frame = openFrame(this.url(true), title, {
      said: (message) => this.said(message),
      silent: () => this.fail(),
    });
    this.box.replaceChildren(this.note(loading), this.frame.element);
  }

  open(): void {
    const { widget } = this;
    if (widget.shown) return;
    this.warm();
    const sheet = matchMedia(phone).matches;
    const undo = [followViewport(widget.host)];
    this.release = () => {
      for (const fn of undo) fn();
    };
    if (sheet) {
      undo.push(lockPage());
      this.step = closeOnBack(() => {
        this.step = undefined;
        this.close();
      });
    }
    widget.host.classList.toggle("sheet", sheet);
    for (const guard of this.guards) guard.tabIndex = sheet ? 0 : -1;
    this.box.ariaModal = String(sheet);
    this.box.hidden = false;
    this.peek.hidden = true;
    widget.shown = true;
    widget.label();
    this.tellShown();
    this.focus();
    widget.emit("open");
  }

  /** Closes it. `stay` leaves the history as it is: the page may be about to go elsewhere. */
  close(stay = false): void {
    const { widget, step } = this;
    if (!widget.shown) return;
    // Who is in a field of the page's own stays there.
    const inside = widget.root.activeElement !== null;
    this.release?.();
    this.release = undefined;
    widget.host.classList.remove("sheet");
    this.box.hidden = true;
    widget.shown = false;
    widget.label();
    this.tellShown();
    if (inside) widget.launch.focus({ preventScroll: true });
    this.step = undefined;
    if (stay) step?.forget();
    if (stay || step === undefined) return widget.emit("close");
    // Who goes elsewhere when it hears of this must not meet the way back.
    void step.goBack().then(() => widget.emit("close"));
  }

  tellProduct(): void {
    const { product } = this.widget;
    if (product !== undefined) this.frame?.say({ type: "product", product });
  }

  async tellToken(): Promise<void> {
    const { tokens } = this.widget;
    let answer: TokenAnswer;
    try {
      answer = { token: (typeof tokens === "function" ? await tokens() : tokens) || null };
    } catch {
      answer = { token: null, failed: true };
    }
    // Where there is another one by now, this answer is about somebody who was there before.
    if (tokens === this.widget.tokens) this.frame?.say({ type: "token", ...answer });
  }

  tellShown(): void {
    const { listeners, shown } = this.widget;
    this.frame?.say({ type: "shown", shown, signin: (listeners.get("signin")?.size ?? 0) > 0 });
  }

  remove(): void {
    this.release?.();
    this.step?.forget();
    this.frame?.remove();
  }

  private focus(): void {
    (this.ready ? this.frame?.element : this.box)?.focus({ preventScroll: true });
  }

  private url(embedded: boolean): URL {
    const { script, language } = this.widget.options;
    const url = new URL("/chat", script);
    const { product } = this.widget;
    if (product !== undefined) url.searchParams.set("product", product);
    url.searchParams.set("lang", language);
    if (embedded) url.searchParams.set("embed", location.origin);
    return url;
  }

  private said(message: FromFrame): void {
    switch (message.type) {
      case "ready":
        this.ready = true;
        this.box.querySelector(".note")?.remove();
        // What was told before may have been somebody else's.
        this.heardOf({ type: "unread", count: 0, talking: false });
        this.peek.firstElementChild?.replaceChildren();
        this.live.textContent = "";
        this.tellProduct();
        this.tellShown();
        if (this.widget.shown) this.focus();
        return;
      case "token":
        void this.tellToken();
        return;
      case "close":
        return this.close();
      case "signin":
        return this.widget.emit("signin");
      case "push":
        return this.widget.emit("push", message.payload);
      case "unread":
        return this.heardOf(message);
    }
  }

  private heardOf({ count, talking, peek }: FromFrame & { type: "unread" }): void {
    const { widget } = this;
    if (talking) rememberTalk();
    const before = widget.unread;
    widget.unread = count;
    widget.label();
    if (count === 0) this.peek.hidden = true;
    if (peek !== undefined && !widget.shown) this.show(peek);
    if (count !== before) widget.emit("unread", count);
  }

  private show({ name, text }: { name: string; text: string }): void {
    const lines = [element("b"), element("span")] as const;
    lines[0].textContent = name;
    lines[1].textContent = text;
    this.peek.firstElementChild?.replaceChildren(...lines);
    this.peek.hidden = false;
    this.live.textContent = `${name}: ${text}`;
  }

  private fail(): void {
    this.frame?.remove();
    this.frame = undefined;
    this.ready = false;
    const { retry, page } = this.words;
    const again = element("button");
    again.textContent = retry;
    again.onclick = () => {
      this.warm();
      this.focus(); // the button is gone
    };
    const link = element("a");
    link.href = this.url(false).href;
    link.target = "_blank";
    link.rel = "noopener";
    link.textContent = page;
    this.box.replaceChildren(this.note(this.widget.words.failed, again, link));
  }

  /** Words in place of the chat, and a way out of them where the button is covered. */
  private note(text: string, ...ways: HTMLElement[]): HTMLElement {
    const note = element("div", "note");
    const words = element("div");
    words.role = "status";
    words.textContent = text;
    const shut = element("button", "shut");
    shut.textContent = this.widget.words.close;
    shut.onclick = () => this.close();
    note.append(words, ...ways, shut);
    return note;
  }

  private drawPeek(): void {
    const [show, hide] = [element("button"), element("button", "no")];
    show.onclick = () => this.open();
    hide.ariaLabel = this.words.dismiss;
    hide.textContent = "×";
    hide.onclick = () => {
      this.peek.hidden = true;
    };
    this.peek.hidden = true;
    this.peek.append(show, hide);
  }
}
