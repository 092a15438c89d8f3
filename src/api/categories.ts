// GET /categories
import { Router } from 'express';
import type { Store } from '../storage/store.ts';
import { answer } from './answer.ts';
import { refuseMethod } from './errors.ts';
import { readQuery, versionQuery } from './parameters.ts';

export function categories(store: Store): Router {
  const router = Router();
  router
    .route('/categories')
    .get(async (request, response) => {
      const { version } = readQuery(request, versionQuery);
      answer(response, await store.categories(version));
    })
    .all(refuseMethod);
  return router;
}
