// What asks for health may add parameters of its own.
import { z } from 'zod';
import { TslrecError } from '../errors.ts';
import type { Store } from '../storage/store.ts';
import { handle, type Routes } from './http.ts';

const anyQuery = z.unknown();

export const health = (store: Store): Routes => ({
  '/healthz': {
    /** The process answers. */
    GET: handle({ query: anyQuery }, () => ({ status: 'alive' })),
  },
  '/readyz': {
    /**
     * Reads can be answered, and from which version; 503 with the reason while they cannot. Where that is not
     * the active version, the answer says why the active one is refused.
     */
    GET: handle({ query: anyQuery }, async () => {
      const state = await store.readiness();
      if (!state.ready) throw new TslrecError('unavailable', `Not ready: ${state.reason}.`);
      const { version, refused } = state;
      return { status: 'ready', version, refused };
    }),
  },
});
