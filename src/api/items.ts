// GET /items/:itemId/neighbors?k=
import { Router } from 'express';
import type { Store } from '../storage/store.ts';
import { answer } from './answer.ts';
import { refuseMethod } from './errors.ts';
import { neighboursQuery, readQuery } from './parameters.ts';

export function items(store: Store): Router {
  const router = Router();
  router
    .route('/items/:itemId/neighbors')
    .get(async (request, response) => {
      const { k, version } = readQuery(request, neighboursQuery);
      const { neighbours, ...rest } = await store.neighbours(request.params.itemId, k, version);
      answer(response, { ...rest, neighbors: neighbours });
    })
    .all(refuseMethod);
  return router;
}
