// The only reader of the environment, checked once, plain typed data after that.
import { z } from 'zod';
import { TslrecError } from './errors.ts';
import { isPostgres } from './storage/store.ts';

export interface Config {
  readonly port: number;
  readonly host: string;
  /** Where the store is when the command line does not say: a Postgres URL, or a folder. */
  readonly store: string;
  /** Files of a store in Postgres. */
  readonly folder: string;
  /** Whose kernels train and infer: see tensor/session.ts. */
  readonly execution: { readonly provider: string; readonly threads: number };
  /** Sent to hosted language models, and to the Hugging Face hub for models to download. */
  readonly accessToken?: string;
  /** A name at which this process kills itself: for tests of what a crash leaves behind. */
  readonly failpoint?: string;
}

/** A variable that is set to nothing counts as not set. */
const unlessEmpty = <Type extends z.ZodType>(type: Type) =>
  z.preprocess((text) => (text === '' ? undefined : text), type);

const environment = z.object({
  PORT: unlessEmpty(z.coerce.number().int().min(0).max(65_535).default(8080)),
  HOST: z.string().min(1).default('127.0.0.1'),
  DATABASE_URL: unlessEmpty(z.string().refine(isPostgres, 'it has to begin with postgres://').optional()),
  TSLREC_FOLDER: z.string().min(1).default('.tslrec'),
  TSLREC_EXECUTION_PROVIDER: unlessEmpty(z.string().default('cpu')),
  TSLREC_THREADS: unlessEmpty(z.coerce.number().int().min(0).default(0)),
  HF_TOKEN: unlessEmpty(
    z
      .string()
      .regex(/^[\x21-\x7e]+$/, 'it has a character that no header can carry, such as a line break')
      .optional(),
  ),
  TSLREC_FAILPOINT: z.string().optional(),
});

export function readConfig(variables: Record<string, string | undefined>): Config {
  const read = environment.safeParse(variables);
  if (!read.success) {
    const [{ path, message }] = read.error.issues;
    throw new TslrecError('bad-request', `The environment variable ${path.join('.')} is wrong: ${message}.`);
  }
  const { PORT, HOST, DATABASE_URL, TSLREC_FOLDER, TSLREC_EXECUTION_PROVIDER, TSLREC_THREADS } = read.data;
  return {
    port: PORT,
    host: HOST,
    store: DATABASE_URL ?? TSLREC_FOLDER,
    folder: TSLREC_FOLDER,
    execution: { provider: TSLREC_EXECUTION_PROVIDER, threads: TSLREC_THREADS },
    accessToken: read.data.HF_TOKEN,
    failpoint: read.data.TSLREC_FAILPOINT,
  };
}
