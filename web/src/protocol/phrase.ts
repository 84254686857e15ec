import { list, number, object, optional, string } from "./parse.ts";

/** A text to say again. {buyer} and {product} in it stand for names. */
export type Phrase = { id: string; title?: string; text: string; place: number };

/** What a seller says often, each list in the order to show it in. */
export type Phrases = { mine: readonly Phrase[]; shop: readonly Phrase[] };

const parsePhrase = object<Phrase>({ id: string, title: optional(string), text: string, place: number });

export const parsePhrases = object<Phrases>({ mine: list(parsePhrase), shop: list(parsePhrase) });
