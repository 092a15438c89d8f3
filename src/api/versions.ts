import { z } from 'zod';
import type { Store } from '../storage/store.ts';
import { handle, type Routes } from './http.ts';

export const versions = (store: Store): Routes => ({
  '/versions': {
    /** All of them, newest first, each with its manifest. */
    GET: handle({ query: z.strictObject({}) }, async () => ({ versions: await store.listVersions() })),
  },
});
