import { object, string } from "./parse.ts";

/** The first event of a stream: with it the client says what follows its hello. */
export type Stream = { client_id: string; key: string };

export const parseStream = object<Stream>({ client_id: string, key: string });
