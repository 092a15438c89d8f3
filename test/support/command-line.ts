// The command line as a person runs it: a child process in a folder of its own, with none of this process's
// settings.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

const MAIN = path.join(import.meta.dirname, '../../src/main.ts');
/** What `npm start` runs. */
export const START = path.join(import.meta.dirname, '../../jobs/start.ts');
const LONGEST_RUN_MS = 5 * 60_000;
const SETTINGS = [
  ...['PORT', 'HOST', 'DATABASE_URL', 'TSLREC_FOLDER', 'TSLREC_SCHEMA', 'HF_TOKEN', 'TSLREC_FAILPOINT'],
];

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function startTslrec(
  folder: string,
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  program = MAIN,
): ChildProcessByStdio<null, Readable, Readable> {
  const inherited = Object.entries(process.env).filter(([name]) => !SETTINGS.includes(name));
  return spawn(process.execPath, [program, ...parameters], {
    cwd: folder,
    env: { ...Object.fromEntries(inherited), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LONGEST_RUN_MS,
  });
}

export async function tslrec(
  folder: string,
  parameters: readonly string[],
  environment?: Readonly<Record<string, string>>,
  program?: string,
): Promise<Exit> {
  const child = startTslrec(folder, parameters, environment, program);
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { code, signal, stdout, stderr };
}

/** What `--json` printed. */
export const lastLine = <Value>({ stdout }: Exit): Value =>
  JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Value;
