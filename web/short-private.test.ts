import { expect, test } from "vitest";
import { shorten } from "./short-private.ts";

const file = "counter.ts";

test("private members have short names, public ones keep theirs", () => {
  const code = `class Counter {
  readonly shown = 0;
  private count = 0;
  private readonly step: number;
  constructor(step: number) { this.step = step; }
  add(): void { this.count += this.step; this.say(this.shown); }
  private say(shown: number): void { other.count = shown; }
}`;
  expect(shorten(file, code)).toBe(`class Counter {
  readonly shown = 0;
  private a = 0;
  private readonly b: number;
  constructor(step: number) { this.b = step; }
  add(): void { this.a += this.b; this.c(this.shown); }
  private c(shown: number): void { other.count = shown; }
}`);
});

test("what is taken out of this keeps its name where it is used", () => {
  const code =
    "class Timer { private life = 0; at = 1; get() { const { life, at } = this; return life + at; } }";
  expect(shorten(file, code)).toContain("const { a: life, at } = this; return life + at;");
});

test("no public member has the name that a private one would get", () => {
  expect(shorten(file, "class Pair { a = 1; private other = 2; }")).toBe(
    "class Pair { a = 1; private b = 2; }",
  );
});

test("a file without private members is left alone", () => {
  expect(shorten(file, "/* private matters */ class Open { at = 1; }")).toBeUndefined();
});

for (const [why, code] of Object.entries({
  "another of the class": "class A { private at = 1; same(other: A) { return other.at === this.at; } }",
  "a computed name": "class A { private at = 1; get(name: 'at') { return this[name]; } }",
  "this under another name": "class A { private at = 1; get() { const self = this; return self.at; } }",
  "the rest of this": "class A { private at = 1; get() { const { ...all } = this; return all; } }",
  "a method of an object": "class A { private at = 1; get() { return { at: 2, f() { return this.at; } }; } }",
}))
  test(`refuses ${why}`, () => expect(() => shorten(file, code)).toThrow("short-private: counter.ts"));
