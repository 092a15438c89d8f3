-- A version is one immutable published set. It is named after the run that published it, so that a run
-- publishes at most one. The single row of active_version says which one readers get: moving it is the whole
-- of an activation. The bulk tables carry no foreign keys: only publishing writes them, in one transaction,
-- and a check a row would double its time. Vectors have no fixed width: versions may differ in it.
CREATE TABLE versions (
  id text PRIMARY KEY REFERENCES runs (id),
  sequence integer NOT NULL GENERATED ALWAYS AS IDENTITY,
  created_at timestamptz NOT NULL,
  activated_at timestamptz,
  manifest jsonb NOT NULL
);

CREATE TABLE active_version (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  version text NOT NULL REFERENCES versions (id)
);

CREATE TABLE embeddings (
  version text NOT NULL,
  item_id text NOT NULL,
  row_number integer NOT NULL,
  embedding vector NOT NULL,
  PRIMARY KEY (version, item_id)
);

CREATE UNIQUE INDEX embeddings_by_row ON embeddings (version, row_number);

CREATE TABLE categories (
  version text NOT NULL,
  category integer NOT NULL,
  items integer NOT NULL,
  inferred_items integer NOT NULL,
  PRIMARY KEY (version, category)
);

CREATE TABLE item_categories (
  version text NOT NULL,
  item_id text NOT NULL,
  category integer,
  inferred vector NOT NULL,
  PRIMARY KEY (version, item_id)
);

CREATE TABLE preferences (
  version text NOT NULL,
  user_id text NOT NULL,
  prior vector NOT NULL,
  inferred vector NOT NULL,
  PRIMARY KEY (version, user_id)
);
