import { z } from 'zod';
import type { Store } from '../storage/store.ts';
import { fromVersion, type Routes, route, userIdParams, versionQuery } from './route.ts';

const userPreferences = fromVersion
  .extend({
    userId: z.string(),
    prior: z.array(z.number()).meta({ description: "From the user's history" }),
    inferred: z.array(z.number()).meta({ description: 'From the language model' }),
  })
  .meta({ id: 'UserPreferences' });

export const users = (store: Store): Routes => ({
  '/users/:userId/preferences': {
    GET: route({
      summary: "A user's distributions over the latent categories",
      scope: 'read',
      params: userIdParams,
      query: versionQuery,
      answers: { 200: { description: 'Each sums to 1, or is all zeros', schema: userPreferences } },
      errors: ['unknown-user', 'unknown-version', 'no-version'],
      handle: ({ params, query }) => store.preferences(params.userId, query.version),
    }),
  },
});
