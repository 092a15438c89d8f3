-- The catalogue as last published. Items belong to no version: titles change, ids do not.
-- pgvector comes first because every later table stores vectors. Up only: data is never undone by a migration.
CREATE EXTENSION IF NOT EXISTS vector;

CREATE TABLE items (
  item_id text PRIMARY KEY,
  title text,
  description text,
  attributes jsonb NOT NULL
);
