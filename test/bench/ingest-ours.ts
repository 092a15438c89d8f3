// Our part of the ingest benchmark: node ingest-ours.ts FOLDER.
import { readDataset } from '../../src/layouts/read-dataset.ts';
import { report } from './processes.ts';

const began = performance.now();
const { dataset } = await readDataset(process.argv[2], { onBadRow: 'stop' });
const interactions = dataset.sequences.reduce((sum, { length }) => sum + length, 0);
report(performance.now() - began, { users: dataset.userIds.length, interactions });
