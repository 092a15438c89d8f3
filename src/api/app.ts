// The REST interface: one file a resource, put together here.
import express, { type Express } from 'express';
import type { Log } from '../log.ts';
import type { Store } from '../storage/store.ts';
import { categories } from './categories.ts';
import { embeddings } from './embeddings.ts';
import { answerError, refuseUnknownRoute } from './errors.ts';
import { liveness, readiness } from './health.ts';
import { items } from './items.ts';
import { logRequests } from './request-log.ts';
import { users } from './users.ts';
import { versions } from './versions.ts';

export function createApp({ store, log }: { store: Store; log: Log }): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(logRequests(log));
  for (const resource of [liveness, readiness, embeddings, items, users, categories, versions])
    app.use(resource(store));
  app.use(refuseUnknownRoute);
  app.use(answerError(log));
  return app;
}
