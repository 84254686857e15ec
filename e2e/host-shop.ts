import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type Server as HttpServer } from "node:http";
import { join } from "node:path";
import { freePort, type Server } from "./server.ts";

/** The policy that docs/widget.md asks a strict shop for, and nothing beside it. */
export function policy(chat: string): string {
  return `default-src 'none'; script-src 'self' ${chat}; frame-src ${chat}; style-src 'self'; img-src 'self'`;
}

const page = (language: string, tag: string): string => `<!doctype html>
<html lang="${language}">
  <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>A shop</title>
    <link rel="stylesheet" href="/shop.css">
    <script src="/shop.js"></script>
    ${tag}</head>
  <body><main><h1>A shop's own page</h1><a href="#more">A link of the shop's</a><p class="tall">Much to read</p></main></body>
</html>`;

/** What a shop's own script does: it calls before the widget has come, and counts what goes wrong on its page. */
const script = `
window.haggle = window.haggle || function () { (haggle.q = haggle.q || []).push(arguments); };
window.said = [];
window.wrong = [];
addEventListener("error", (event) => wrong.push(event.message || "a file"));
addEventListener("unhandledrejection", (event) => wrong.push(String(event.reason)));
addEventListener("securitypolicyviolation", (event) => wrong.push(event.violatedDirective + " " + event.blockedURI));
haggle("setToken", async () => {
  said.push("token asked");
  const answer = await fetch("/token");
  return answer.ok ? answer.text() : null;
});
haggle("on", "unread", (count) => said.push("unread " + count));
haggle("on", "open", () => said.push("open"));
haggle("on", "close", () => said.push("close"));
haggle("on", "signin", () => said.push("signin"));
haggle("on", "push", (payload) => said.push("push " + JSON.stringify(payload)));
`;

/** A shop on an origin and a site of its own, whose pages have the widget on them. */
export class HostShop {
  readonly url: string;
  readonly port: number;
  /** Whose token the shop gives, undefined while nobody is signed in. */
  buyer: "a" | "b" | undefined = "a";
  /** What the pages are written in. */
  language = "en";
  /** Whether they have the tag of the widget. */
  tagged = true;
  /** For how many seconds a token is good, undefined for as long as the demo's own. */
  tokenLasts: number | undefined;
  #chat: Server | undefined;
  readonly #http: HttpServer;

  private constructor(port: number) {
    this.port = port;
    this.url = `http://localhost:${port}`;
    this.#http = createServer((request, response) => {
      const send = (type: string, body: string, status = 200): void => {
        const chat = this.#chat?.url ?? "";
        response.writeHead(status, {
          "Content-Type": type,
          "Content-Security-Policy": `${policy(chat)}; connect-src 'self'`,
        });
        response.end(body);
      };
      switch (request.url) {
        case "/shop.js":
          return send("text/javascript", script);
        case "/shop.css":
          return send("text/css", ".tall { height: 3000px }");
        case "/token":
          this.#token().then(
            (token) => send("text/plain", token ?? "", token === undefined ? 401 : 200),
            () => send("text/plain", "", 502),
          );
          return;
        default:
          return send("text/html", page(this.language, this.tagged ? this.#tag() : ""));
      }
    });
  }

  static async open(): Promise<HostShop> {
    const shop = new HostShop(await freePort());
    await new Promise<void>((resolve) => shop.#http.listen(shop.port, "127.0.0.1", resolve));
    return shop;
  }

  /** Which server the widget is from. */
  uses(chat: Server): void {
    this.#chat = chat;
  }

  async close(): Promise<void> {
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  #tag(): string {
    return `<script async src="${this.#chat?.url}/widget.js" data-product="1001" data-z="77"></script>`;
  }

  /** The demo's own pages hold a token of whoever looks at them. */
  async #token(): Promise<string | undefined> {
    if (this.buyer === undefined) return undefined;
    const answer = await fetch(`${this.#chat?.url}/p/1001`, { headers: { Cookie: `demo_buyer=${this.buyer}` } });
    const token = /name="token" value="([^"]+)"/.exec(await answer.text())?.[1];
    return token === undefined || this.tokenLasts === undefined ? token : this.#signedFor(token, this.tokenLasts);
  }

  /** The same token with another end, signed as a shop's backend signs it. */
  async #signedFor(token: string, seconds: number): Promise<string> {
    const [head, body] = token.split(".");
    const claims = JSON.parse(Buffer.from(body ?? "", "base64url").toString()) as object;
    const now = Math.floor(Date.now() / 1_000);
    const told = JSON.stringify({ ...claims, iat: now, exp: now + seconds });
    const signed = `${head}.${Buffer.from(told).toString("base64url")}`;
    const secret = (await readFile(join(this.#chat?.data ?? "", "token-secret"), "utf8")).trim();
    return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
  }
}
