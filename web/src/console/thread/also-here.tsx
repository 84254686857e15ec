import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useDesk } from "../desk.ts";
import { consoleWords } from "../i18n/words.ts";
import type { Colleague } from "../model/colleagues.ts";

export type AlsoHereProps = {
  conversation: string | undefined;
  /** The key of its last message. */
  last: string | undefined;
};

/** The colleague who has it before them, too: two answers would confuse the buyer. */
export function AlsoHere({ conversation, last }: AlsoHereProps): JSX.Element {
  const { colleagues } = useDesk();
  const there = conversation === undefined ? [] : colleagues.at(conversation).value;
  const [first] = there;
  const aloud = useAloud(conversation, first, last);
  const says = saysWhoIs(there);
  return (
    <>
      <span class="c-also truncate" data-typing={first?.typing === true}>
        {first !== undefined && <Named sentence={says} name={first.name} />}
      </span>
      <span class="visually-hidden" role="status">
        {aloud && first !== undefined && says(first.name)}
      </span>
    </>
  );
}

/** Whether it is news: that somebody is there once they come, that they write until there is something new to read. */
function useAloud(
  conversation: string | undefined,
  first: Colleague | undefined,
  last: string | undefined,
): boolean {
  const said = useRef(new Set<string>());
  const came = first && `${conversation} ${first.agent}`;
  const news = first?.typing === true ? `${came} ${last}` : came;
  useEffect(() => {
    if (came === undefined || news === undefined) return said.current.clear();
    if (news !== came) said.current.add(came); // who writes is there
    return () => void said.current.add(news);
  }, [came, news]);
  return news !== undefined && !said.current.has(news);
}

function saysWhoIs([first, ...others]: readonly Colleague[]): (name: string) => string {
  const words = consoleWords().colleague;
  const says = first?.typing === true ? words.writing : words.looking;
  return others.length === 0 ? says : (name) => words.more(says(name), others.length);
}

/** Where the name goes in a sentence. */
const slot = "\ufffc";

/** A sentence with somebody's name, whose script does not decide which way the sentence goes. */
function Named({ sentence, name }: { sentence(name: string): string; name: string }): JSX.Element {
  const [before, after] = sentence(slot).split(slot);
  return (
    <>
      {before}
      <bdi>{name}</bdi>
      {after}
    </>
  );
}
