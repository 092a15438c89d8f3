// The two databases behind the one seam.
import { openPglite } from '../../src/storage/pglite.ts';
import { openPostgres } from '../../src/storage/postgres.ts';
import { testDatabaseContract } from '../support/database-contract.ts';
import { emptyStoreFolder, temporaryPostgresDatabase, withoutPostgres } from '../support/stores.ts';

if (withoutPostgres) console.log(withoutPostgres);

testDatabaseContract('PGlite', async (context) => openPglite(await emptyStoreFolder(context)), {
  all: false,
  lostConnection: 'PGlite is reached through a thread, not a connection',
});

testDatabaseContract('Postgres', async (context) => openPostgres(await temporaryPostgresDatabase(context)), {
  all: withoutPostgres,
  lostConnection: false,
});
