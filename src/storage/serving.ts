// Which version readers get: the one they name, else the active one, and while that is refused the one that
// was active last and is as it was published. Where another process has moved the active pointer, the version
// served before goes on until the new one is loaded.
import { TslrecError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Query } from './database.ts';
import type { LoadedVersion, LoadedVersions, Refusal } from './loaded-versions.ts';
import { requireVersion, selectActiveVersion, selectVersionsOnceActive, type Version } from './versions.ts';

export type Readiness =
  | {
      readonly ready: true;
      readonly version: string;
      /** The active version, where it is not the one that is served. */
      readonly refused?: Refusal;
    }
  | { readonly ready: false; readonly reason: string };

export interface Serving {
  /** The version named, or the one that readers get who name none; 'unavailable' with the reason. */
  version(id: string | undefined): Promise<LoadedVersion>;
  /** Whether reads can be answered now; starts loading what is not in memory. */
  readiness(): Promise<Readiness>;
  /** To be called when this store has moved the active pointer: the next reader gets what it names. */
  activeMoved(): void;
}

export function createServing(query: Query, versions: LoadedVersions, log: Log): Serving {
  /** What was chosen last, and for which active version. */
  let served: { readonly active: string; readonly choice: LoadedVersion } | undefined;
  let choosing: { readonly active: string; readonly choice: Promise<LoadedVersion> } | undefined;

  const choose = (active: Version): Promise<LoadedVersion> => {
    if (choosing?.active === active.id) return choosing.choice;
    const mine = { active: active.id, choice: chooseVersion(query, versions, active, log) };
    const end = (choice?: LoadedVersion) => {
      if (choosing !== mine) return; // the pointer has moved meanwhile
      choosing = undefined;
      if (choice) served = { active: active.id, choice };
    };
    choosing = mine;
    mine.choice.then(end, () => end());
    return mine.choice;
  };
  const isSettled = (active: Version) =>
    served?.active === active.id && (served.choice.version.id === active.id || !versions.isDue(active.id));

  return {
    version: async (id) => {
      const version = await requireVersion(query, id);
      if (id !== undefined) return versions.get(version);
      const next = isSettled(version) ? undefined : choose(version);
      return served?.choice ?? next!;
    },
    readiness: async () => {
      const active = await selectActiveVersion(query);
      if (!active) return { ready: false, reason: 'nothing has been published yet' };
      if (!isSettled(active)) choose(active);
      const refused = versions.refusal(active.id);
      if (!served) {
        const reason = refused ? `is refused: ${refused.reason}` : 'is being loaded';
        return { ready: false, reason: `version ${active.id} ${reason}` };
      }
      const version = served.choice.version.id;
      return { ready: true, version, refused: version === active.id ? undefined : refused };
    },
    activeMoved: () => {
      served = undefined;
    },
  };
}

/** The active version, or the one that was active last and is not refused. */
async function chooseVersion(
  query: Query,
  versions: LoadedVersions,
  active: Version,
  log: Log,
): Promise<LoadedVersion> {
  const unlessRefused = async (version: Version) => {
    try {
      return await versions.get(version);
    } catch (error) {
      if (versions.refusal(version.id)) return undefined;
      throw error;
    }
  };
  const whole = await unlessRefused(active);
  if (whole) return whole;
  for (const version of await selectVersionsOnceActive(query)) {
    const good = await unlessRefused(version);
    if (!good) continue;
    log.warn({ active: active.id, served: version.id }, 'the last good version is served');
    return good;
  }
  throw new TslrecError(
    'unavailable',
    `Version ${active.id} is refused: ${versions.refusal(active.id)?.reason}; no other version is good.`,
  );
}
