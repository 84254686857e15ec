/** What the server says of uploaded pictures: see body.ts. It comes with what uploads and shows them. */
import { number, object, optional, record, string } from "./parse.ts";

/** An uploaded picture. */
export type File = {
  id: string;
  type: string;
  bytes: number;
  width: number;
  height: number;
  preview?: string; // ThumbHash, base64
};

export type FileURL = { url: string; thumb: string; expires_at: number };
/** By file id. Files that the actor may not see are absent. */
export type FileURLs = { files: Readonly<Record<string, FileURL>> };

export const parseFile = object<File>({
  id: string,
  type: string,
  bytes: number,
  width: number,
  height: number,
  preview: optional(string),
});

export const parseFileURLs = object<FileURLs>({
  files: record(object<FileURL>({ url: string, thumb: string, expires_at: number })),
});
