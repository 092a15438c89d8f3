import { z } from 'zod';
import type { Store } from '../storage/store.ts';
import { fromVersion, itemIdParams, type Routes, route, versionQuery } from './route.ts';

const itemEmbedding = fromVersion
  .extend({ itemId: z.string(), embedding: z.array(z.number()) })
  .meta({ id: 'ItemEmbedding' });

export const embeddings = (store: Store): Routes => ({
  '/embeddings/:itemId': {
    GET: route({
      summary: "An item's enhanced embedding",
      scope: 'read',
      params: itemIdParams,
      query: versionQuery,
      answers: { 200: { description: 'The published row', schema: itemEmbedding } },
      errors: ['unknown-item', 'unknown-version', 'no-version'],
      handle: ({ params, query }) => store.embedding(params.itemId, query.version),
    }),
  },
});
