/**
 * All that the core knows of bytes it keeps and hands on but never looks into. Where there is a DOM, this
 * merges with its Blob.
 */
// biome-ignore lint/style/useConsistentTypeDefinitions: only an interface merges.
interface Blob {
  readonly size: number;
  readonly type: string;
}
