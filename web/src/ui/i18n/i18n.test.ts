import { expect, test } from "vitest";
import { en } from "./en.ts";
import { failureText } from "./failure-text.ts";
import { chooseLanguage } from "./language.ts";
import { zhCn } from "./zh-cn.ts";

/** Every leaf of a dictionary, by path, with functions called. */
function leaves(node: unknown, path: string): [string, string][] {
  if (typeof node === "string") return [[path, node]];
  if (typeof node === "function") return [[path, String(node("2", "3", "4"))]];
  return Object.entries(node as object).flatMap(([k, v]) => leaves(v, path === "" ? k : `${path}.${k}`));
}

const empty = new Set(["emoji.groups.2"]); // modifiers: a group that is never drawn

test("Chinese has every sentence that English has, and none is empty", () => {
  const [a, b] = [leaves(en, ""), leaves(zhCn, "")];
  expect(b.map(([path]) => path)).toEqual(a.map(([path]) => path));
  for (const [path, text] of [...a, ...b]) if (!empty.has(path)) expect(text, path).not.toBe("");
});

test("no sentence was left in English", () => {
  const english = new Map(leaves(en, ""));
  for (const [path, text] of leaves(zhCn, ""))
    if (!empty.has(path)) expect(text, path).not.toBe(english.get(path));
});

test("an unknown code gets words too, never the server's English", () => {
  expect(failureText(zhCn, { code: "from_the_future", message: "boom" })).toBe(zhCn.errors.unknown);
  expect(failureText(zhCn, { code: "toString", message: "boom" })).toBe(zhCn.errors.unknown);
  expect(failureText(zhCn, { code: "blocked", message: "boom" })).toBe(zhCn.errors.blocked);
});

test.each([
  { name: "the address wins", search: "?lang=zh", stored: "en", preferred: ["en-US"], want: "zh-CN" },
  { name: "then the stored choice", search: "", stored: "zh-CN", preferred: ["en"], want: "zh-CN" },
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
