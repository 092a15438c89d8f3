import type { Store } from '../storage/store.ts';
import { handle, type Routes, versionQuery } from './http.ts';

export const embeddings = (store: Store): Routes => ({
  '/embeddings/:itemId': {
    GET: handle({ query: versionQuery }, ({ params, query }) =>
      store.embedding(params.itemId, query.version),
    ),
  },
});
