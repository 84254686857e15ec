import { boolean, list, number, object, string } from "./parse.ts";

/** A text that is sent by itself. */
export type AutoText = { on: boolean; text: string };

/** A stretch of a weekday (0 is Sunday), in minutes after midnight. */
export type Opening = { day: number; from: number; to: number };

/** What a merchant's staff have set for all of the shop. */
export type ShopSettings = {
  version: number;
  greeting: AutoText;
  away: AutoText;
  hours: { time_zone: string; openings: readonly Opening[] };
};

const autoText = object<AutoText>({ on: boolean, text: string });

export const parseShopSettings = object<ShopSettings>({
  version: number,
  greeting: autoText,
  away: autoText,
  hours: object<ShopSettings["hours"]>({
    time_zone: string,
    openings: list(object<Opening>({ day: number, from: number, to: number })),
  }),
});
