// GET /healthz: the process answers. GET /readyz: reads can be answered, and from which version; 503 with the
// reason while they cannot. Where that is not the active version, the answer says why the active one is
// refused.
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
    const { version, refused } = state;
    response.set('X-Tslrec-Version', version).json({ status: 'ready', version, refused });
  });
}
