// GET /categories
import type { Router } from 'express';
import type { Store } from '../storage/store.ts';
import { answer } from './answer.ts';
import { readQuery, versionQuery } from './parameters.ts';
import { readRoute } from './read-route.ts';

export function categories(store: Store): Router {
  return readRoute('/categories', async (request, response) => {
    const { version } = readQuery(request, versionQuery);
    answer(response, await store.categories(version));
  });
}
