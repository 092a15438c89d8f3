// Versions outside a store: a run that has learnt the small draft, and an encoder of a few files.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { RunRecord, VersionDraft } from '../../src/storage/store.ts';
import type { WholeVersion } from '../../src/storage/version-folder.ts';
import { smallDraft } from './drafts.ts';

export const RUN_ID = '20260131-235959-123-9f3a';

export const learntRun = (runId = RUN_ID): RunRecord => ({
  runId,
  key: 'nightly',
  command: 'refresh',
  options: { data: 'toys', preset: 'quick' },
  startedAt: new Date('2026-01-31T23:59:59.123Z'),
  runningSince: new Date('2026-02-01T00:10:00.000Z'),
  finishedAt: null,
  host: 'night',
  processId: 4711,
  stages: [
    {
      stage: 'pretrain',
      seconds: 12.25,
      details: { epochs: 3 },
      finishedAt: new Date('2026-02-01T00:20:00Z'),
    },
    { stage: 'augment', seconds: 1.5, details: {}, finishedAt: new Date('2026-02-01T00:30:00Z') },
  ],
});

export const learntVersion = (changes: Partial<VersionDraft> = {}): WholeVersion => ({
  draft: smallDraft(RUN_ID, changes),
  run: learntRun(),
  createdAt: '2026-02-01T00:31:00.000Z',
});

export const ENCODER_FILES: Readonly<Record<string, string>> = {
  'adapter/adapter_config.json': '{"r": 8}\n',
  'encoder.json': '{"format": 1}\n',
  'language-model/parts/weights.bin': 'w'.repeat(100_000),
};

export function writeEncoder(folder: string, files = ENCODER_FILES): string {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
  return folder;
}
