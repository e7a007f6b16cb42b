export { openJournalStore, type JournalStoreOptions } from './journal-store.ts';
export { createMemoryStore } from './memory-store.ts';
export { storeSection, type Json, type Store, type StoreEntry, type StoreWrite } from './store.ts';
