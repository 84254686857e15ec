import { type Attributes, type ComponentType, createElement, type VNode } from "preact";

// biome-ignore lint/performance/noBarrelFile: JSX asks its runtime for it.
export { Fragment } from "preact";

/** What JSX compiles to. Preact's own makes elements itself, beside `createElement`, which is there in any case. */
export function jsx(type: string | ComponentType, props: Attributes, key?: string): VNode {
  return createElement(type as ComponentType, key === undefined ? props : { ...props, key });
}

export const jsxs: typeof jsx = jsx;
