import { z } from 'zod';
import type { Store } from '../storage/store.ts';
import { type Routes, route } from './route.ts';

const versionList = z.object({ versions: z.array(z.looseObject({ id: z.string(), active: z.boolean() })) });

export const versions = (store: Store): Routes => ({
  '/versions': {
    GET: route({
      summary: 'All versions, newest first, each with its manifest',
      scope: 'read',
      answers: { 200: { description: 'The versions', schema: versionList } },
      handle: async () => ({ versions: await store.listVersions() }),
    }),
  },
});
