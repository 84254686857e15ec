/** The little of IndexedDB that the outbox needs, as promises. */
import type { OutboxItem, OutboxStore } from "../client/ports.ts";

const table = "outbox";

type Row = { scope: string; nonce: string; item: OutboxItem };

/** Keeps the outbox in the database `name`. Every method rejects where the browser keeps nothing. */
export function openOutboxStore(factory: IDBFactory, name: string): OutboxStore {
  let opened: Promise<IDBDatabase> | undefined;
  const database = (): Promise<IDBDatabase> => {
    opened ??= open(factory, name);
    opened.catch(() => {
      opened = undefined;
    });
    return opened;
  };
  const write = async (change: (store: IDBObjectStore) => void): Promise<void> => {
    const transaction = (await database()).transaction(table, "readwrite");
    change(transaction.objectStore(table));
    await completed(transaction);
  };
  return {
    async all(scope) {
      const store = (await database()).transaction(table, "readonly").objectStore(table);
      const rows: Row[] = await answered(store.index("scope").getAll(scope));
      return rows.map((row) => row.item).sort((a, b) => a.order - b.order);
    },
    put: (scope, item) => write((store) => store.put({ scope, nonce: item.nonce, item } satisfies Row)),
    remove: (scope, nonce) => write((store) => store.delete([scope, nonce])),
    clear: (scope) => write((store) => store.delete(IDBKeyRange.bound([scope], [scope, []]))),
  };
}

async function open(factory: IDBFactory, name: string): Promise<IDBDatabase> {
  const request = factory.open(name, 1);
  request.onupgradeneeded = () => {
    const store = request.result.createObjectStore(table, { keyPath: ["scope", "nonce"] });
    store.createIndex("scope", "scope");
  };
  const database = await answered(request);
  // A later version of the page wants to change the layout: make way.
  database.onversionchange = () => database.close();
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
