import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { en } from "./en.ts";
import { sameAs } from "./failure-codes.ts";
import { failureText, speakOfFailures } from "./failure-text.ts";
import { failures } from "./failures-en.ts";
import { failures as failuresZhCn } from "./failures-zh-cn.ts";
import { chooseLanguage } from "./language.ts";
import { noticeBrief, noticeText } from "./notice-text.ts";
import { zhCn } from "./zh-cn.ts";

const english = { ...en, failures };
const chinese = { ...zhCn, failures: failuresZhCn };

/** Every leaf of a dictionary, by path, with functions called. */
function leaves(node: unknown, path: string): [string, string][] {
  if (typeof node === "string") return [[path, node]];
  if (typeof node === "function") return [[path, String(node("2", "3", "4"))]];
  return Object.entries(node as object).flatMap(([k, v]) => leaves(v, path === "" ? k : `${path}.${k}`));
}

const empty = new Set(["emoji.groups.2"]); // modifiers: a group that is never drawn

test("Chinese has every sentence that English has, and none is empty", () => {
  const [a, b] = [leaves(english, ""), leaves(chinese, "")];
  expect(b.map(([path]) => path)).toEqual(a.map(([path]) => path));
  for (const [path, text] of [...a, ...b]) if (!empty.has(path)) expect(text, path).not.toBe("");
});

test("no sentence was left in English", () => {
  const known = new Map(leaves(english, ""));
  for (const [path, text] of leaves(chinese, ""))
    if (!empty.has(path)) expect(text, path).not.toBe(known.get(path));
});

/** Every file below `dir` that is no test's. */
function sources(dir: URL): URL[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return entry.name === "testdata" ? [] : sources(new URL(`${entry.name}/`, dir));
    const ours = /\.(ts|tsx|go|html)$/.test(entry.name) && !/[._]test\.\w+$/.test(entry.name);
    return ours ? [new URL(entry.name, dir)] : [];
  });
}

test("whoever is spoken to in Chinese is 您, on every page", () => {
  const pages = ["../../../src/", "../../../../internal/"].flatMap((dir) =>
    sources(new URL(dir, import.meta.url)),
  );
  const said = pages.map((file) => ({ file: file.pathname, text: readFileSync(file, "utf8") }));
  expect(said.filter(({ text }) => text.includes("您")).length).toBeGreaterThan(5);
  const close = said.filter(({ file, text }) => text.includes("你") && !file.includes("/storetest/"));
  expect(close.map(({ file }) => file)).toEqual([]);
});

test("a failure has words before those of its own are there, and then follows the language", async () => {
  const blocked = { code: "blocked", message: "boom" };
  expect(failureText(en, blocked)).toBe(en.app.failed);
  await speakOfFailures("en");
  expect(failureText(en, blocked)).toBe(failures.blocked);
  await speakOfFailures("zh-CN");
  expect(failureText(zhCn, blocked)).toBe(failuresZhCn.blocked);
});

test("an unknown code gets words too, never the server's English", async () => {
  await speakOfFailures("zh-CN");
  expect(failureText(zhCn, { code: "from_the_future", message: "boom" })).toBe(zhCn.app.failed);
  expect(failureText(zhCn, { code: "toString", message: "boom" })).toBe(zhCn.app.failed);
  expect(failureText(zhCn, { code: "shutdown", message: "boom" })).toBe(failuresZhCn.unavailable);
});

test.each([
  { name: "what was chosen here wins", search: "?lang=zh", stored: "en", preferred: ["zh-CN"], want: "en" },
  { name: "then the address", search: "?lang=zh", stored: null, preferred: ["en-US"], want: "zh-CN" },
  {
    name: "then the browser",
    search: "",
    stored: null,
    preferred: ["fr", "zh-Hant-TW", "en"],
    want: "zh-CN",
  },
  { name: "nothing known", search: "?lang=xx", stored: "yy", preferred: ["fr"], want: "en" },
])("language: $name", ({ search, stored, preferred, want }) => {
  expect(chooseLanguage(search, stored, preferred)).toBe(want);
});

/** Codes that only the shop's backend, an app of the shop's, or a person typing addresses, can get. */
const notForPages = new Set([
  "api_key_invalid",
  "code_invalid",
  "file_missing",
  "invalid_kind",
  "invalid_line",
  "invalid_merchant",
  "invalid_next",
  "invalid_price",
  "invalid_num",
  "invalid_stock",
  "invalid_url",
  "line_too_long",
  "no_title",
  "push_too_large",
  "same_database",
  "too_many_lines",
  "url_too_long",
]);

/** Every error code that the server's source names. */
function serverCodes(): string[] {
  const root = new URL("../../../../internal/", import.meta.url);
  const found = new Set<string>();
  for (const dir of ["auth", "chat", "gateway", "media", "rest", "store/sqlstore", "wire"]) {
    const at = new URL(`${dir}/`, root);
    for (const name of readdirSync(at)) {
      if (!name.endsWith(".go") || name.endsWith("_test.go")) continue;
      const source = readFileSync(new URL(name, at), "utf8");
      const named = /(?:Codef\([\w.]+, |Code: +|\bbye[A-Z]\w+ += )"([a-z_]+)"/g;
      for (const [, code] of source.matchAll(named)) if (code !== undefined) found.add(code);
    }
  }
  return [...found].sort();
}

test("every notice of the server has words", () => {
  const source = readFileSync(new URL("../../../../internal/chat/message.go", import.meta.url), "utf8");
  const codes = [...source.matchAll(/NoticeCode += "([a-z_]+)"/g)].map(([, code]) => code ?? "");
  expect(codes).toContain("added_later");
  for (const code of codes) expect(noticeText(en, code), code).not.toBe(en.notice.says.unknown);
  expect(noticeBrief(en, "image_missing")).toBe("[Picture missing]");
  expect(noticeText(zhCn, "toString")).toBe(zhCn.notice.says.unknown);
  expect(noticeBrief(zhCn, "from_the_future")).toBe(zhCn.notice.brief.unknown);
});

test("every error of the server that a page can meet has words", () => {
  const codes = serverCodes().filter((code) => !notForPages.has(code));
  expect(codes).toContain("blocked_by_you");
  expect(codes).toContain("shutdown");
  expect(codes.filter((code) => !Object.hasOwn(failures, code) && !Object.hasOwn(sameAs, code))).toEqual([]);
});
