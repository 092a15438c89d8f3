// GET /users/:userId/preferences
import type { Router } from 'express';
import type { Store } from '../storage/store.ts';
import { answer } from './answer.ts';
import { readQuery, versionQuery } from './parameters.ts';
import { readRoute } from './read-route.ts';

export function users(store: Store): Router {
  return readRoute('/users/:userId/preferences', async (request, response) => {
    const { version } = readQuery(request, versionQuery);
    answer(response, await store.preferences(request.params.userId, version));
  });
}
