// GET /versions: all of them, newest first, each with its manifest.
import { Router } from 'express';
import type { Store } from '../storage/store.ts';
import { refuseMethod } from './errors.ts';
import { noQuery, readQuery } from './parameters.ts';

export function versions(store: Store): Router {
  const router = Router();
  router
    .route('/versions')
    .get(async (request, response) => {
      readQuery(request, noQuery);
      response.json({ versions: await store.listVersions() });
    })
    .all(refuseMethod);
  return router;
}
