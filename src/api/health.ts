// GET /healthz: the process answers. GET /readyz: reads can be answered; 503 with the reason while they cannot.
import { Router } from 'express';
import { TslrecError } from '../errors.ts';
import type { Store } from '../storage/store.ts';
import { refuseMethod } from './errors.ts';

export function health(store: Store): Router {
  const router = Router();
  router
    .route('/healthz')
    .get((_request, response) => {
      response.json({ status: 'alive' });
    })
    .all(refuseMethod);
  router
    .route('/readyz')
    .get(async (_request, response) => {
      const readiness = await store.readiness();
      if (!readiness.ready) throw new TslrecError('unavailable', `Not ready: ${readiness.reason}.`);
      response.set('X-Tslrec-Version', readiness.version).json({ status: 'ready', version: readiness.version });
    })
    .all(refuseMethod);
  return router;
}
