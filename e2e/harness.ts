import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { type Browser, type BrowserContext, chromium, expect, type Page, test as base } from "@playwright/test";
import { barriers } from "./axe.ts";
import { Server } from "./server.ts";

export { expect, type Page } from "@playwright/test";
export { Server } from "./server.ts";

/** Who one can be in the demo marketplace. */
export type BuyerKey = "a" | "b";
export type AgentKey =
  | "E_1/yun"
  | "E_1/otto"
  | "E_2/nora"
  | "E_2/wei"
  | "V_1/mei"
  | "V_1/tom"
  | "V_2/ines"
  | "V_2/hao";

export type ContextOptions = NonNullable<Parameters<Browser["newContext"]>[0]>;

/** Devices and languages to look at the pages with. */
export const phone: ContextOptions = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  hasTouch: true,
  isMobile: true,
};
export const tablet: ContextOptions = { viewport: { width: 768, height: 1024 }, hasTouch: true };
export const desktop: ContextOptions = { viewport: { width: 1280, height: 800 } };
export const inChinese: ContextOptions = { locale: "zh-CN" };
export const inDark: ContextOptions = { colorScheme: "dark" };
/** The few colours of its own that a device puts in place of a page's. */
export const inForcedColors: ContextOptions = { forcedColors: "active" };

/** Somebody at a browser of their own: cookies, storage and tabs are theirs. */
export class Person {
  readonly context: BrowserContext;
  readonly #server: Server;
  readonly #problems: string[];

  constructor(server: Server, context: BrowserContext, problems: string[]) {
    this.#server = server;
    this.context = context;
    this.#problems = problems;
  }

  /** Where the server is. */
  get url(): string {
    return this.#server.url;
  }

  /** Opens a path of the server in a new tab. */
  async open(path: string): Promise<Page> {
    const page = await this.context.newPage();
    await page.goto(this.#server.url + path);
    return page;
  }

  /** Goes from a product's page into the chat with its seller, as buyer a or b. */
  async chatAbout(product: number | string, as: BuyerKey = "a"): Promise<Page> {
    const page = await this.open(`/p/${product}`);
    await page.locator(`.who button[value="${as}"]`).click();
    await page.locator(`[data-chat="${product}"]`).click();
    await page.waitForURL(`**/chat?product=${product}`);
    return page;
  }

  /** Opens the console as one of a shop's staff. */
  async console(as: AgentKey): Promise<Page> {
    const home = await this.open("/");
    const opened = this.context.waitForEvent("page");
    await home.locator(`[data-agent="${as}"]`).click();
    const page = await opened;
    await page.waitForURL("**/console**");
    await home.close();
    return page;
  }

  /** Cuts this person's network, or gives it back. */
  async offline(cut: boolean): Promise<void> {
    await this.context.setOffline(cut);
  }

  /** What went wrong in this person's pages: exceptions, and what Content-Security-Policy kept out. */
  get problems(): readonly string[] {
    return this.#problems;
  }
}

type Fixtures = {
  /** Flags of `haggle demo` for this file's stories: `test.use({ flags: ["--guests"] })`. */
  flags: string[];
  /** The server of this story alone. */
  server: Server;
  /** Brings somebody with a browser of their own. */
  person: (options?: ContextOptions) => Promise<Person>;
};

type WorkerFixtures = {
  /** Whether the stories of a file need all of a browser, and not only what draws pages: `test.use({ whole: true })`. */
  whole: boolean;
  chromium: Browser;
};

/** As little else as possible of what a browser does on its own. */
export const chromiumFlags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Without its windows and menus Chromium draws the same pages with half the work: whole, or so if that is there. */
export function chromiumPath(whole = true): string {
  const candidates = [
    process.env["HAGGLE_CHROMIUM"],
    whole ? undefined : "/usr/bin/chromium-headless-shell",
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
  ];
  const found = candidates.find((path) => path !== undefined && existsSync(path));
  if (found === undefined) throw new Error("no Chromium; set HAGGLE_CHROMIUM to one");
  return found;
}

/** What a page may not do unnoticed. Requests that fail are not in it: in some stories they must. */
function watch(context: BrowserContext, problems: string[]): void {
  context.on("weberror", (failure) => problems.push(`exception: ${failure.error().stack ?? failure.error().message}`));
  context.on("console", (message) => {
    if (message.text().includes("Content Security Policy")) problems.push(`refused: ${message.text()}`);
  });
}

export const test = base.extend<Fixtures, WorkerFixtures>({
  flags: [[], { option: true }],

  whole: [false, { option: true, scope: "worker" }],

  chromium: [
    async ({ whole }, use) => {
      const browser = await chromium.launch({
        executablePath: chromiumPath(whole),
        args: chromiumFlags,
      });
      await use(browser);
      await browser.close();
    },
    { scope: "worker" },
  ],

  server: async ({ flags }, use, info) => {
    // A browser test is faster than people are.
    const server = await Server.start("--rate-factor", "100", ...flags);
    await use(server);
    if (info.status !== info.expectedStatus) await writeFile(info.outputPath("server.log"), server.log);
    await server.dispose();
    expect(server.log, "the server panicked").not.toContain("panic");
    expect(server.log, "the server wrote a token into its log").not.toContain("eyJ");
  },

  person: async ({ chromium, server }, use, info) => {
    const people: Person[] = [];
    await use(async (options = desktop) => {
      const context = await chromium.newContext({ locale: "en-US", ...options });
      const problems: string[] = [];
      watch(context, problems);
      const person = new Person(server, context, problems);
      people.push(person);
      return person;
    });
    const failed = info.status !== info.expectedStatus;
    for (const [i, person] of people.entries()) {
      for (const [j, page] of failed ? person.context.pages().entries() : []) {
        const path = info.outputPath(`person-${i + 1}-tab-${j + 1}.png`);
        await page.screenshot({ path }).catch(() => undefined); // the page may be what broke
      }
      await person.context.close();
    }
    expect(people.flatMap((p) => p.problems), "what went wrong in the pages").toEqual([]);
  },
});

/** Fails if axe finds anything serious on the page as it is now. */
export async function expectAccessible(page: Page): Promise<void> {
  expect(await barriers(page, "serious"), "what axe finds").toEqual([]);
}
