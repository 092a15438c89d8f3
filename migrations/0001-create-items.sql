-- The catalogue as last published. Items belong to no version: titles change, ids do not. pgvector, of which
-- every later table stores vectors, is there before (src/storage/schema.ts), and names are of the schema of
-- tslrec's own. Up only: data is never undone by a migration.
CREATE TABLE items (
  item_id text PRIMARY KEY,
  title text,
  description text,
  attributes jsonb NOT NULL
);
