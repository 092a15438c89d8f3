// A version small enough to check by hand. Four items in the plane:
//   a (1, 0)   b (0.8, 0.6)   c (0, 1)   d (-1, 0)      cosines: ab .8   ac 0   ad -1   bc .6   bd -.8   cd 0
import type { VersionDraft } from '../../src/storage/store.ts';

export function smallDraft(runId: string, changes: Partial<VersionDraft> = {}): VersionDraft {
  return {
    runId,
    items: [
      { itemId: 'a', title: 'Anvil', attributes: { brand: 'Acme', genres: ['tool', 'heavy'], price: 12.5 } },
      { itemId: 'b', title: 'Bell', description: 'It rings.', attributes: {} },
      { itemId: 'c/ö?', attributes: {} },
      { itemId: 'd', attributes: {} },
    ],
    embeddings: Float32Array.of(1, 0, 0.8, 0.6, 0, 1, -1, 0),
    dimension: 2,
    itemCategories: Int32Array.of(0, 0, 1, -1),
    inferredItemCategories: Float32Array.of(0.75, 0.25, 0.5, 0.5, 0.25, 0.75, 0, 1),
    categoryCount: 2,
    userIds: ['u1', 'u2'],
    priorPreferences: Float32Array.of(1, 0, 0, 0),
    inferredPreferences: Float32Array.of(0.5, 0.5, 0.25, 0.75),
    lineage: { seed: 7 },
    metrics: { hitRate: 0.5 },
    ...changes,
  };
}

/** The small draft with a and d exchanged: tells two versions apart. */
export function turnedDraft(runId: string): VersionDraft {
  return smallDraft(runId, { embeddings: Float32Array.of(-1, 0, 0.8, 0.6, 0, 1, 1, 0) });
}
