// Where names without a schema are found: in tslrec's own schema first, then where pgvector's type is, which
// an administrator may have put anywhere, and never in another session's temporary tables.
import type { Query } from './database.ts';

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** For SET search_path. Where pgvector is not there yet, the place where it will be made. */
export async function findSearchPath(query: Query, schema: string): Promise<string> {
  const [{ vector }] = await query<{ vector: string }>(
    `SELECT coalesce((SELECT nspname FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
       WHERE extname = 'vector'), 'public') AS vector`,
  );
  return [quoted(schema), quoted(vector), 'pg_temp'].join(', ');
}
