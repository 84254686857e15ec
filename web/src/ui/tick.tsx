import type { JSX } from "preact";
import type { Tick as TickState } from "../client/api.ts";
import { firstWords } from "./i18n/language.ts";
import "./tick.css";

/**
 * Where a message of one's own stands. Each state has a shape of its own: a clock, one tick, two ticks, two
 * ticks on a filled ground, an exclamation mark; colour only adds to it.
 */
export function Tick({ state, labelled = false }: { state: TickState; labelled?: boolean }): JSX.Element {
  const name = firstWords().tick[state];
  return (
    <span class={`tick tick-${state}`} title={name}>
      <svg viewBox="0 0 22 14" aria-hidden="true" fill="none" stroke-linecap="round" stroke-linejoin="round">
        {shape(state)}
      </svg>
      {labelled && <span class="visually-hidden">{name}</span>}
    </span>
  );
}

function shape(state: TickState): JSX.Element {
  switch (state) {
    case "queued":
    case "uploading":
    case "sending":
      return <path d="M11 12.500a5.500 5.500 0 1 0 0-11 5.500 5.500 0 0 0 0 11ZM11 4v3l2 1.500" />;
    case "stored":
      return <path d="M6 7.500l3.500 3.500L16 4" />;
    case "delivered":
      return <path d="M2.500 7.500L6 11l6.500-7M9.500 10.500l.5.5L16.500 4" />;
    case "read":
      return (
        <>
          <rect class="tick-ground" x="0" y="0" width="22" height="14" rx="7" />
          <path class="tick-on-ground" d="M4 7.500l2.500 2.700L11.500 4.500M10 10l.3.2L16.500 4.500" />
        </>
      );
    case "failed":
      return (
        <>
          <circle class="tick-ground" cx="11" cy="7" r="7" />
          <path class="tick-on-ground" d="M11 3.500v4M11 10.300v.01" />
        </>
      );
  }
}
