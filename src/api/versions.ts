// GET /versions: all of them, newest first, each with its manifest.
import type { Router } from 'express';
import type { Store } from '../storage/store.ts';
import { noQuery, readQuery } from './parameters.ts';
import { readRoute } from './read-route.ts';

export function versions(store: Store): Router {
  return readRoute('/versions', async (request, response) => {
    readQuery(request, noQuery);
    response.json({ versions: await store.listVersions() });
  });
}
