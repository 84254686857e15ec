/** Pictures as text. */

/** Makes a file of base64, also in a data URL, of the type that its first bytes tell; undefined for what is no picture. */
export function fileOf(written: string): File | undefined {
  let binary: string;
  try {
    binary = atob(written.replace(/^data:[^,]*,/, "").replace(/\s/g, ""));
  } catch {
    return undefined;
  }
  const type = typeOf(binary);
  if (type === undefined) return undefined;
  const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
  return new File([bytes], `picture.${type}`, { type: `image/${type}` });
}

function typeOf(binary: string): string | undefined {
  if (binary.startsWith("\xff\xd8\xff")) return "jpeg";
  if (binary.startsWith("\x89PNG")) return "png";
  if (binary.startsWith("GIF8")) return "gif";
  return binary.startsWith("RIFF") && binary.slice(8, 12) === "WEBP" ? "webp" : undefined;
}

/** Longer ones are not written down: there is room for five million characters in all, in some browsers for half. */
const longest = 2 * 1024 * 1024;

/**
 * Has JSON write these bytes down, as a data URL: a page that goes has no time to ask for them. They stay what they
 * are in everything else.
 */
export async function writable(bytes: Blob): Promise<Blob> {
  if (bytes.size > longest) return bytes;
  const written = await new Promise<unknown>((resolve) => {
    const reader = new FileReader();
    reader.onloadend = () => resolve(reader.result);
    reader.readAsDataURL(bytes);
  });
  return noted(bytes, written);
}

/** The bytes that JSON has written down, writable as before; undefined if they were not, or are no picture's. */
export function readBack(written: unknown): Blob | undefined {
  const bytes = typeof written === "string" ? fileOf(written) : undefined;
  return bytes && noted(bytes, written);
}

function noted(bytes: Blob, written: unknown): Blob {
  return Object.assign(bytes, { toJSON: () => written });
}
