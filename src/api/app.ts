// The REST interface: one file a resource, put together here.
import express, { type Express } from 'express';
import type { Log } from '../log.ts';
import type { Store } from '../storage/store.ts';
import { categories } from './categories.ts';
import { embeddings } from './embeddings.ts';
import { health } from './health.ts';
import { addRoutes, answerError, logRequests, refuseRequest } from './http.ts';
import { items } from './items.ts';
import { users } from './users.ts';
import { versions } from './versions.ts';

export function createApp({ store, log }: { store: Store; log: Log }): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(logRequests(log));
  for (const resource of [health, embeddings, items, users, categories, versions])
    addRoutes(app, resource(store));
  app.use(refuseRequest);
  app.use(answerError(log));
  return app;
}
