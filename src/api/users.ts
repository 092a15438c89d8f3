import type { Store } from '../storage/store.ts';
import { handle, type Routes, versionQuery } from './http.ts';

export const users = (store: Store): Routes => ({
  '/users/:userId/preferences': {
    GET: handle({ query: versionQuery }, ({ params, query }) =>
      store.preferences(params.userId, query.version),
    ),
  },
});
