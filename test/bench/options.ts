// The options of the benchmarks, checked before anything is measured.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { TslrecError } from '../../src/errors.ts';

export interface Options {
  readonly length?: string;
  readonly rows?: string;
  readonly by?: string;
  readonly data?: string;
  readonly model?: string;
  readonly seeds?: string;
  readonly preset?: string;
  readonly base?: string;
  readonly store?: string;
}

/** What peer_train.py reads. */
const FILES = ['items.jsonl', 'interactions.csv'];

/** The folder that --data names. */
export function dataFolder({ data }: Options): string {
  const wanted = `--data has to name a folder with ${FILES.join(' and ')}`;
  if (data === undefined) throw new TslrecError('bad-request', `${wanted}.`);
  const missing = FILES.find((file) => !existsSync(path.join(data, file)));
  if (missing !== undefined) throw new TslrecError('bad-request', `${wanted}; ${data} has no ${missing}.`);
  return data;
}

export function wholeNumber(name: keyof Options, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least) {
    throw new TslrecError('bad-request', `--${name} ${text}: give a whole number from ${least} on.`);
  }
  return value;
}

export function oneOf<Name extends string>(
  name: keyof Options,
  text: string,
  known: Readonly<Record<Name, unknown>>,
) {
  if (!Object.hasOwn(known, text)) {
    throw new TslrecError('bad-request', `--${name} ${text}: allowed are ${Object.keys(known).join(', ')}.`);
  }
  return text as Name;
}
