import { z } from 'zod';
import type { Store } from '../storage/store.ts';
import { fromVersion, itemIdParams, type Routes, route, versionQuery, wholeNumber } from './route.ts';

const MAX_NEIGHBOURS = 1000;

const neighboursQuery = versionQuery.extend({
  k: wholeNumber(1, MAX_NEIGHBOURS).prefault('10'),
});

const itemNeighbours = fromVersion
  .extend({
    itemId: z.string(),
    neighbors: z.array(
      z.object({ itemId: z.string(), similarity: z.number().meta({ description: 'Cosine' }) }),
    ),
  })
  .meta({ id: 'ItemNeighbors' });

export const items = (store: Store): Routes => ({
  '/items/:itemId/neighbors': {
    GET: route({
      summary: 'The items nearest to an item',
      scope: 'read',
      params: itemIdParams,
      query: neighboursQuery,
      answers: { 200: { description: 'By falling similarity', schema: itemNeighbours } },
      errors: ['unknown-item', 'unknown-version', 'no-version'],
      async handle({ params, query }) {
        const { neighbours, ...rest } = await store.neighbours(params.itemId, query.k, query.version);
        return { ...rest, neighbors: neighbours };
      },
    }),
  },
});
