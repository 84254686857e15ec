/**
 * Checks what came in from outside against the shape it is said to have. What a shape does not name is
 * left out, so that later versions may say more. What makes a parse has no side effects: one that a page never
 * runs is no part of it.
 */

/** Thrown inside a parse and nowhere else: nobody reads what it would say. */
export class Malformed extends Error {}

/** Returns `value` as a T, or throws Malformed. */
export type Parse<T> = (value: unknown) => T;

type Optional<T> = { readonly optional: Parse<T> };
type Fields<T> = {
  readonly [K in keyof T]-?: Record<string, never> extends Pick<T, K>
    ? Optional<Exclude<T[K], undefined>>
    : Parse<T[K]>;
};

/** Runs `parse`, with undefined for what is malformed. */
export function attempt<T>(parse: Parse<T>, value: unknown): T | undefined {
  try {
    return parse(value);
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

export const string: Parse<string> = (value) => {
  if (typeof value !== "string") throw new Malformed();
  return value;
};

export const number: Parse<number> = (value) => {
  if (typeof value !== "number") throw new Malformed();
  return value;
};

export const boolean: Parse<boolean> = (value) => {
  if (typeof value !== "boolean") throw new Malformed();
  return value;
};

/* @__NO_SIDE_EFFECTS__ */
export function oneOf<T extends string>(...names: readonly T[]): Parse<T> {
  return (value) => {
    const found = names.find((name) => name === value);
    if (found === undefined) throw new Malformed();
    return found;
  };
}

/* @__NO_SIDE_EFFECTS__ */
export function optional<T>(parse: Parse<T>): Optional<T> {
  return { optional: parse };
}

/* @__NO_SIDE_EFFECTS__ */
export function list<T>(parse: Parse<T>): Parse<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) throw new Malformed();
    return value.map(parse);
  };
}

/* @__NO_SIDE_EFFECTS__ */
export function record<T>(parse: Parse<T>): Parse<Readonly<Record<string, T>>> {
  return (value) =>
    Object.fromEntries(Object.entries(members(value)).map(([name, member]) => [name, parse(member)]));
}

/* @__NO_SIDE_EFFECTS__ */
export function object<T extends object>(fields: Fields<T>): Parse<T> {
  const known = Object.entries<Parse<unknown> | Optional<unknown>>(fields);
  return (value) => {
    const source = members(value);
    const result: Record<string, unknown> = {};
    for (const [name, field] of known) {
      if (typeof field === "function") result[name] = field(source[name]);
      else if (source[name] !== undefined) result[name] = field.optional(source[name]);
    }
    return result as T; // each field has been checked
  };
}

export function members(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Malformed();
  }
  return value as Record<string, unknown>;
}
