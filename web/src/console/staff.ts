import { effect, type ReadonlySignal, untracked } from "@preact/signals";
import type { Client } from "../client/api.ts";
import { type Colleagues, openColleagues, sayWhatIsViewed } from "./model/colleagues.ts";

export type Staff = { colleagues: Colleagues; stop(): void };

/**
 * Hears what colleagues have before them, and tells them what is open here, in a window in front. Who signs in
 * without an `agent` has no name to be told of by, and says nothing.
 */
export function followStaff(
  client: Client,
  agent: string | undefined,
  open: ReadonlySignal<string | undefined>,
): Staff {
  const colleagues = openColleagues(agent);
  const viewed = () => (document.hasFocus() ? open.peek() : undefined);
  const saying = agent === undefined ? undefined : sayWhatIsViewed(viewed, (id) => client.viewing(id));
  const again = () => saying?.again();
  const stops = [
    client.onColleague(colleagues.told),
    effect(() => {
      const id = open.value;
      const opened = id === undefined ? undefined : untracked(() => client.thread(id)).conversation.value;
      const known = opened === undefined ? client.inbox.rows.value : [...client.inbox.rows.value, opened];
      untracked(() => {
        for (const { last } of known) if (last !== undefined) colleagues.last(last);
      });
    }),
    open.subscribe(again),
    client.connection.subscribe(({ kind }) => {
      if (kind === "offline") colleagues.forget();
      if (kind === "online") again();
    }),
  ];
  addEventListener("focus", again);
  const stop = () => {
    removeEventListener("focus", again);
    for (const end of stops) end();
    saying?.end();
    colleagues.dispose();
  };
  return { colleagues, stop };
}
