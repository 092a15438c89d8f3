// GET /users/:userId/preferences
import { Router } from 'express';
import type { Store } from '../storage/store.ts';
import { answer } from './answer.ts';
import { refuseMethod } from './errors.ts';
import { readQuery, versionQuery } from './parameters.ts';

export function users(store: Store): Router {
  const router = Router();
  router
    .route('/users/:userId/preferences')
    .get(async (request, response) => {
      const { version } = readQuery(request, versionQuery);
      answer(response, await store.preferences(request.params.userId, version));
    })
    .all(refuseMethod);
  return router;
}
