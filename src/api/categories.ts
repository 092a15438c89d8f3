import { z } from 'zod';
import type { Store } from '../storage/store.ts';
import { fromVersion, type Routes, route, versionQuery } from './route.ts';

const categoryList = fromVersion
  .extend({
    categories: z.array(z.object({ category: z.int(), items: z.int(), inferredItems: z.int() })),
  })
  .meta({ id: 'CategoryList' });

export const categories = (store: Store): Routes => ({
  '/categories': {
    GET: route({
      summary: 'The latent categories and their sizes',
      scope: 'read',
      query: versionQuery,
      answers: { 200: { description: 'In order of their numbers', schema: categoryList } },
      errors: ['unknown-version', 'no-version'],
      handle: ({ query }) => store.categories(query.version),
    }),
  },
});
