// The REST interface: one file a resource, put together here.
import express, { type Express } from 'express';
import type { Log } from '../log.ts';
import type { Store } from '../storage/store.ts';
import { type Admission, everybody } from './admission.ts';
import { categories } from './categories.ts';
import { embeddings } from './embeddings.ts';
import { health } from './health.ts';
import { addRoutes, answerError, refuseRequest } from './http.ts';
import { items } from './items.ts';
import { documentationPage, documented } from './openapi.ts';
import { createRequestLog } from './request-log.ts';
import type { Routes } from './route.ts';
import { users } from './users.ts';
import { versions } from './versions.ts';

export interface AppOptions {
  readonly store: Store;
  readonly log: Log;
  readonly admission?: Admission;
}

export const routesOf = (store: Store): Routes =>
  documented(
    Object.assign(
      {},
      ...[health, embeddings, items, users, categories, versions].map((resource) => resource(store)),
    ),
  );

export function createApp({ store, log, admission = everybody }: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  const logRequest = createRequestLog(log);
  app.use((request, response, next) => {
    logRequest(request, response, request.originalUrl);
    next();
  });
  addRoutes(app, routesOf(store), admission);
  app.use(documentationPage());
  app.use(refuseRequest);
  app.use(answerError(log));
  return app;
}
