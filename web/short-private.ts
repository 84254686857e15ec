import { type ESTree, type Plugin, parseSync, Visitor } from "vite";

type Edit = { start: number; end: number; text: string };

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/**
 * Gives the private members of classes short names in what is built: nothing outside of a class can name them,
 * so a minifier could, but it does not know of TypeScript's `private`. Every class has the same short names, which
 * compresses better still.
 */
export function shortPrivate(): Plugin {
  return {
    name: "short-private",
    apply: "build",
    enforce: "pre",
    transform(code, id) {
      const [file = id] = id.split("?");
      return /\/src\/.*\.tsx?$/.test(file) ? shorten(file, code) : null;
    },
  };
}

/** The code with its classes' private members renamed, undefined if there are none. */
export function shorten(file: string, code: string): string | undefined {
  if (!code.includes("private ")) return undefined;
  const edits: Edit[] = [];
  const seen = (node: ESTree.Class): void => {
    edits.push(...editsOf(file, node));
  };
  new Visitor({ ClassDeclaration: seen, ClassExpression: seen }).visit(parseSync(file, code).program);
  if (edits.length === 0) return undefined;
  let short = code;
  for (const { start, end, text } of edits.sort((a, b) => b.start - a.start))
    short = short.slice(0, start) + text + short.slice(end);
  return short;
}

/** What it cannot be sure of it refuses: the build then fails, and names the place. */
function editsOf(file: string, { id, body }: ESTree.Class): Edit[] {
  const names = shortNames(file, body);
  if (names.size === 0) return [];
  const edits: Edit[] = [];
  const refuse = (why: string, node: { start: number }): never => {
    throw new Error(`short-private: ${file}:${node.start}: ${why}`);
  };
  const key = (node: ESTree.PropertyKey): void => {
    const short = node.type === "Identifier" ? names.get(node.name) : undefined;
    if (short !== undefined) edits.push({ start: node.start, end: node.end, text: short });
  };
  /** `{ name }` becomes `{ short: name }`: it goes on under its own name. */
  const spell = ({ key, start }: ESTree.BindingProperty): void => {
    const short = key.type === "Identifier" ? names.get(key.name) : undefined;
    if (short !== undefined) edits.push({ start, end: start, text: `${short}: ` });
  };
  new Visitor({
    TSTypeReference: ({ typeName: named, start }) => {
      if (named.type === "Identifier" && named.name === id?.name)
        refuse("another one of this class may be reached into", { start });
    },
    Property: ({ value, start }) => {
      if (value.type === "FunctionExpression")
        refuse("a method of an object has a `this` of its own", { start });
    },
    PropertyDefinition: (node) => key(node.key),
    MethodDefinition: (node) => key(node.key),
    MemberExpression: (node) => {
      if (node.object.type !== "ThisExpression") return;
      if (node.computed) return refuse("this[…] cannot be renamed", node);
      key(node.property);
    },
    VariableDeclarator: ({ init, id: taken }) => {
      if (init?.type !== "ThisExpression") return;
      if (taken.type !== "ObjectPattern")
        return refuse("`this` under another name cannot be followed", taken);
      for (const property of taken.properties) {
        if (property.type !== "Property") refuse("a rest of `this` cannot be renamed", property);
        else if (property.shorthand) spell(property);
        else key(property.key);
      }
    },
  }).visit(body as unknown as ESTree.Program);
  return edits;
}

/** The short name of each private member; the one that is used most gets the first. */
function shortNames(file: string, body: ESTree.ClassBody): Map<string, string> {
  const names: string[] = [];
  const taken = new Set<string>();
  for (const member of body.body) {
    if (!("key" in member) || member.key.type !== "Identifier") continue;
    if ("accessibility" in member && member.accessibility === "private") names.push(member.key.name);
    else taken.add(member.key.name);
  }
  const free = [...letters].filter((letter) => !taken.has(letter));
  const unique = [...new Set(names)];
  if (unique.length > free.length) throw new Error(`short-private: ${file}: more members than letters`);
  return new Map(unique.map((name, i) => [name, free[i] ?? name]));
}
