-- Which process a run is executed by, and since when: what a second refresh is told. A run that was resumed
-- has the process that resumed it. Runs from before have none.
ALTER TABLE runs ADD COLUMN host text;
ALTER TABLE runs ADD COLUMN process_id integer;
ALTER TABLE runs ADD COLUMN running_since timestamptz;
