// GET /embeddings/:itemId
import type { Router } from 'express';
import type { Store } from '../storage/store.ts';
import { answer } from './answer.ts';
import { readQuery, versionQuery } from './parameters.ts';
import { readRoute } from './read-route.ts';

export function embeddings(store: Store): Router {
  return readRoute('/embeddings/:itemId', async (request, response) => {
    const { version } = readQuery(request, versionQuery);
    answer(response, await store.embedding(request.params.itemId, version));
  });
}
