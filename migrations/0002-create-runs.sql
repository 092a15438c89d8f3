-- Executions of the refresh pipeline. A run and each stage that it finished are written down as they happen,
-- so that a run that was killed is resumed from its last finished stage. `key` says what the run computes:
-- two runs with the same key would compute the same.
CREATE TABLE runs (
  id text PRIMARY KEY,
  key text NOT NULL,
  command text NOT NULL,
  options jsonb NOT NULL,
  status text NOT NULL CHECK (status IN ('running', 'failed', 'finished')),
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  version text,
  metrics jsonb,
  error text
);

CREATE INDEX runs_by_key ON runs (key, id);

CREATE TABLE run_stages (
  run_id text NOT NULL REFERENCES runs (id),
  stage text NOT NULL,
  seconds double precision NOT NULL,
  details jsonb NOT NULL,
  finished_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (run_id, stage)
);
