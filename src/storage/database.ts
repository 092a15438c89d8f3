// The one seam through which SQL runs: PGlite in a folder (pglite.ts) or Postgres (postgres.ts), same
// statements. What both promise, and test/support/database-contract.ts checks: a statement takes text,
// numbers, booleans, null and arrays of them, answers rows as objects; without parameters it may be a script
// of several statements; a transaction commits when its function returns and rolls back when it or any of its
// statements fails; names without a schema are tslrec's own or pgvector's.

export type SqlParameter = string | number | boolean | null | Date | readonly (string | number | null)[];

export type Query = <Row = Record<string, unknown>>(
  sql: string,
  parameters?: readonly SqlParameter[],
) => Promise<Row[]>;

/** Where tslrec's tables are, unless TSLREC_SCHEMA says so. */
export const DEFAULT_SCHEMA = 'tslrec';

/** What only one process may hold at a time. */
export interface Lock {
  /** Refuses with 'conflict' or 'unavailable' when the lock was lost and cannot be had again. */
  check(): Promise<void>;
  release(): Promise<void>;
}

export interface Database {
  /** In which names without a schema are looked up first, and made. */
  readonly schema: string;
  query: Query;
  /**
   * Inside `work` only the query it is given belongs to the transaction; the database's own would wait for
   * its end.
   */
  transaction<T>(work: (query: Query) => Promise<T>): Promise<T>;
  /**
   * Takes the lock of that name, without waiting; undefined where another process has it. While it is held,
   * transactions commit only if it still is.
   */
  tryLock(name: string): Promise<Lock | undefined>;
  /** Bounded in time, whatever the database does: what runs then is cut off. */
  close(): Promise<void>;
}

/**
 * Runs `work` between BEGIN and COMMIT on one session and leaves ROLLBACK to the caller, who knows what state
 * the session is in. A statement's failure fails the transaction even if `work` swallowed it: Postgres would
 * answer COMMIT with a silent rollback.
 */
export async function runTransaction<T>(session: Query, work: (query: Query) => Promise<T>): Promise<T> {
  let ended = false;
  let failure: { error: unknown } | undefined;
  const query: Query = async (sql, parameters) => {
    if (ended) throw new Error('internal: a statement was sent after its transaction had ended');
    try {
      return await session(sql, parameters);
    } catch (error) {
      failure ??= { error };
      throw error;
    }
  };
  await session('BEGIN');
  try {
    const result = await work(query);
    if (failure) throw failure.error;
    await session('COMMIT');
    return result;
  } finally {
    ended = true;
  }
}
