// GET /embeddings/:itemId
import { Router } from 'express';
import type { Store } from '../storage/store.ts';
import { answer } from './answer.ts';
import { refuseMethod } from './errors.ts';
import { readQuery, versionQuery } from './parameters.ts';

export function embeddings(store: Store): Router {
  const router = Router();
  router
    .route('/embeddings/:itemId')
    .get(async (request, response) => {
      const { version } = readQuery(request, versionQuery);
      answer(response, await store.embedding(request.params.itemId, version));
    })
    .all(refuseMethod);
  return router;
}
