import { z } from 'zod';
import type { Store } from '../storage/store.ts';
import { handle, type Routes, versionQuery } from './http.ts';

const MAX_NEIGHBOURS = 1000;

const neighboursQuery = versionQuery.extend({
  k: z
    .string()
    .regex(/^\d{1,4}$/, `expected an integer from 1 to ${MAX_NEIGHBOURS}`)
    .transform(Number)
    .pipe(z.number().min(1).max(MAX_NEIGHBOURS))
    .default(10),
});

export const items = (store: Store): Routes => ({
  '/items/:itemId/neighbors': {
    GET: handle({ query: neighboursQuery }, async ({ params, query }) => {
      const { neighbours, ...rest } = await store.neighbours(params.itemId, query.k, query.version);
      return { ...rest, neighbors: neighbours };
    }),
  },
});
