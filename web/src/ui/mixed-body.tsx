import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { BubbleProps } from "./bubble.tsx";
import { clock } from "./i18n/clock.ts";
import { words } from "./i18n/language.ts";
import { Icon } from "./icon.tsx";
import { isBigEmoji } from "./model/big-emoji.ts";
import { boxOf, partsOf, type Said, type Shot } from "./model/sections.ts";
import { NoticeLine } from "./notice-line.tsx";
import { Picture, type PictureUrls } from "./picture.tsx";
import { ProductCard } from "./product-card.tsx";
import { RichText } from "./rich-text.tsx";
import { writerName } from "./writer.ts";
import "./mixed-body.css";

const single = { width: 250, height: 320 };

/** The message that had the focus last, or something in it. */
let focused = keyAt(document.activeElement);
document.addEventListener("focusin", ({ target }) => {
  focused = keyAt(target);
});

function keyAt(target: EventTarget | null): string | undefined {
  return target instanceof Element ? target.closest<HTMLElement>("[data-key]")?.dataset["key"] : undefined;
}

/** What stays of a message that was taken back. It takes its place, and the focus where the message had that. */
export function Tombstone({ row, peer }: BubbleProps): JSX.Element {
  const ref = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    if (focused === row.key && document.activeElement === document.body)
      ref.current?.focus({ preventScroll: true });
  }, [row.key]);
  const text = words().message;
  return (
    <article ref={ref} class="tombstone" data-key={row.key} tabIndex={-1} title={clock().full(row.at)}>
      <Icon name="undo" />
      <span class="foreign">
        {row.mine ? text.recalledByYou : text.recalledBy(peer?.name ?? words().app.seller)}
      </span>
    </article>
  );
}

/** What was said, in its bubbles, and between them what the chat itself says about it. */
export function MixedBody({ row, client, onOpenPicture, peer }: BubbleProps): JSX.Element {
  const draw = (section: Said, i: number) => (
    <SectionView
      key={`${section.kind}-${i}`}
      section={section}
      of={row.key}
      client={client}
      from={`${writerName(row.entry, peer)}, ${clock().time(row.at)}`}
      onOpen={(index) => onOpenPicture(row.key, index)}
    />
  );
  return (
    <>
      {partsOf(row.entry).map((part, i) =>
        part.kind === "notice" ? (
          <NoticeLine key={i} notice={part.notice} at={row.at} />
        ) : (
          <div key={i} class={`bubble${standsAlone(part.sections) ? " bare" : ""}`}>
            {part.sections.map(draw)}
          </div>
        ),
      )}
    </>
  );
}

/** What needs no bubble around it. */
function standsAlone([section, ...more]: readonly Said[]): boolean {
  if (section === undefined || more.length > 0) return false;
  if (section.kind === "text") return isBigEmoji(section.text);
  return section.kind === "pictures" || section.kind === "product";
}

type SectionProps = {
  section: Said;
  of: string;
  client: PictureUrls;
  from: string;
  onOpen(index: number): void;
};

function SectionView({ section, of, client, from, onOpen }: SectionProps): JSX.Element {
  switch (section.kind) {
    case "text":
      return <RichText text={section.text} />;
    case "product":
      return <ProductCard product={section.product} look="card" />;
    case "pictures":
      return <Shots shots={section.shots} of={of} client={client} from={from} onOpen={onOpen} />;
    case "unknown":
      return <p class="rich-text foreign unsupported">{words().message.unsupported}</p>;
  }
}

type ShotsProps = {
  shots: readonly Shot[];
  of: string;
  client: PictureUrls;
  from: string;
  onOpen(index: number): void;
};

function Shots({ shots, of, client, from, onOpen }: ShotsProps): JSX.Element {
  const text = words().message;
  const [only] = shots;
  const alone = shots.length === 1;
  const shape = shots.length === 2 ? "two" : shots.length === 4 ? "four" : "";
  return (
    <div class={alone ? "picture-single" : `picture-grid ${shape}`}>
      {shots.map((shot, i) => (
        <Picture
          key={shot.index}
          client={client}
          of={of}
          shot={shot}
          box={alone && only !== undefined ? boxOf(only, single) : "grid"}
          name={`${alone ? text.picture : text.pictureOf(i + 1, shots.length)}, ${from}`}
          onOpen={() => onOpen(shot.index)}
        />
      ))}
    </div>
  );
}
