/** The little of IndexedDB that the outbox needs, as promises. */
import type { OutboxItem, OutboxStore } from "../client/ports.ts";

const table = "outbox";

type Row = { scope: string; nonce: string; item: OutboxItem };

/** Keeps the outbox in the database `name`. Every method rejects where the browser keeps nothing. */
export function openOutboxStore(
  factory: IDBFactory | undefined,
  name: string,
): Omit<OutboxStore, "left" | "isLeft" | "forget"> {
  let opened: Promise<IDBDatabase> | undefined;
  const database = (): Promise<IDBDatabase> => {
    opened ??= open(factory, name, () => {
      opened = undefined;
    });
    opened.catch(() => {
      opened = undefined;
    });
    return opened;
  };
  const transaction = async (mode: IDBTransactionMode): Promise<IDBTransaction> => {
    try {
      return (await database()).transaction(table, mode);
    } catch {
      // Some browsers end what a page in the background had open and do not say so.
      opened = undefined;
      return (await database()).transaction(table, mode);
    }
  };
  const write = async (change: (store: IDBObjectStore) => void): Promise<void> => {
    const writing = await transaction("readwrite");
    change(writing.objectStore(table));
    writing.commit?.(); // so it ends though its page goes now
    await completed(writing);
  };
  return {
    async all(scope) {
      const store = (await transaction("readonly")).objectStore(table);
      const rows: Row[] = await answered(store.index("scope").getAll(scope));
      return rows.map((row) => row.item).sort((a, b) => a.order - b.order);
    },
    put: (scope, item) => write((store) => store.put({ scope, nonce: item.nonce, item } satisfies Row)),
    remove: (scope, nonce) => write((store) => store.delete([scope, nonce])),
    clear: (scope) => write((store) => store.delete(IDBKeyRange.bound([scope], [scope, []]))),
  };
}

async function open(factory: IDBFactory | undefined, name: string, closed: () => void): Promise<IDBDatabase> {
  if (!factory) throw new Error("this browser keeps nothing");
  const request = factory.open(name, 1);
  request.onupgradeneeded = () => {
    const store = request.result.createObjectStore(table, { keyPath: ["scope", "nonce"] });
    store.createIndex("scope", "scope");
  };
  const database = await answered(request);
  // A later version of the page wants to change the layout: make way.
  database.onversionchange = () => {
    database.close();
    closed();
  };
  database.onclose = closed;
  return database;
}

function answered<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("storage refused"));
  });
}

function completed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = () => reject(transaction.error ?? new Error("storage refused"));
    transaction.onabort = () => reject(transaction.error ?? new Error("storage gave up"));
  });
}
