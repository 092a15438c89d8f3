import type { Store } from '../storage/store.ts';
import { handle, type Routes, versionQuery } from './http.ts';

export const categories = (store: Store): Routes => ({
  '/categories': {
    GET: handle({ query: versionQuery }, ({ query }) => store.categories(query.version)),
  },
});
