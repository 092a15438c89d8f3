// GET /items/:itemId/neighbors?k=
import type { Router } from 'express';
import type { Store } from '../storage/store.ts';
import { answer } from './answer.ts';
import { neighboursQuery, readQuery } from './parameters.ts';
import { readRoute } from './read-route.ts';

export function items(store: Store): Router {
  return readRoute('/items/:itemId/neighbors', async (request, response) => {
    const { k, version } = readQuery(request, neighboursQuery);
    const { neighbours, ...rest } = await store.neighbours(request.params.itemId, k, version);
    answer(response, { ...rest, neighbors: neighbours });
  });
}
