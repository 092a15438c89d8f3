// What asks for health may add parameters of its own.
import { z } from 'zod';
import { TslrecError } from '../errors.ts';
import type { Store } from '../storage/store.ts';
import { type Routes, route } from './route.ts';

const anyQuery = z.looseObject({});

const ready = z.object({
  status: z.literal('ready'),
  version: z.string(),
  refused: z.object({ version: z.string(), reason: z.string() }).optional(),
});

export const health = (store: Store): Routes => ({
  '/healthz': {
    GET: route({
      summary: 'The process answers',
      scope: 'open',
      query: anyQuery,
      answers: { 200: { description: 'It does', schema: z.object({ status: z.literal('alive') }) } },
      handle: () => ({ status: 'alive' }),
    }),
  },
  '/readyz': {
    GET: route({
      summary: 'Whether reads can be answered, and from which version',
      description: 'Where that is not the active version, the answer says why the active one is refused.',
      scope: 'open',
      query: anyQuery,
      answers: { 200: { description: 'They can', schema: ready } },
      errors: ['unavailable'],
      async handle() {
        const state = await store.readiness();
        if (!state.ready) throw new TslrecError('unavailable', `Not ready: ${state.reason}.`);
        const { version, refused } = state;
        return { status: 'ready', version, refused };
      },
    }),
  },
});
