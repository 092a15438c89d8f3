// GET /healthz: the process answers. GET /readyz: reads can be answered; 503 with the reason while they
// cannot.
import type { Router } from 'express';
import { TslrecError } from '../errors.ts';
import type { Store } from '../storage/store.ts';
import { readRoute } from './read-route.ts';

export function liveness(): Router {
  return readRoute('/healthz', (_request, response) => {
    response.json({ status: 'alive' });
  });
}

export function readiness(store: Store): Router {
  return readRoute('/readyz', async (_request, response) => {
    const state = await store.readiness();
    if (!state.ready) throw new TslrecError('unavailable', `Not ready: ${state.reason}.`);
    response.set('X-Tslrec-Version', state.version).json({ status: 'ready', version: state.version });
  });
}
