// The only reader of the environment, checked once, plain typed data after that.
import { z } from 'zod';
import { TslrecError } from './errors.ts';
import { DEFAULT_SCHEMA } from './storage/database.ts';
import { isFolderPath, isPostgres, shownLocation } from './storage/location.ts';
import { shown } from './tables/bad-rows.ts';

export interface Config {
  readonly port: number;
  readonly host: string;
  /** Where the store is when the command line does not say: a Postgres URL, or a folder. */
  readonly store: string;
  /** Files of a store in Postgres. */
  readonly folder: string;
  /** The Postgres schema that holds the tables. */
  readonly schema: string;
  /** Whose kernels train and infer: see tensor/session.ts. */
  readonly execution: { readonly provider: string; readonly threads: number };
  /** Sent to hosted language models, and to the Hugging Face hub for models to download. */
  readonly accessToken?: string;
  /** A name at which this process kills itself: for tests of what a crash leaves behind. */
  readonly failpoint?: string;
}

const MOST_THREADS = 1024;
/** Their values are never shown. */
const SECRETS = ['DATABASE_URL', 'HF_TOKEN'];

const DATABASE_EXPECTED = 'it has to begin with postgres://, without quotation marks and blanks around it';

/** A variable that is set to nothing counts as not set. */
const unlessEmpty = <Type extends z.ZodType>(type: Type) =>
  z.preprocess((text) => (text === '' ? undefined : text), type);

const wholeNumber = (most: number, initially: number) => {
  const error = `it has to be a whole number from 0 to ${most}`;
  return unlessEmpty(
    z.coerce.number({ error }).int({ error }).min(0, { error }).max(most, { error }).default(initially),
  );
};

const environment = z.object({
  PORT: wholeNumber(65_535, 8080),
  HOST: z.string().min(1, 'it has to be a name or an address').default('127.0.0.1'),
  DATABASE_URL: unlessEmpty(z.string().refine(isPostgres, DATABASE_EXPECTED).optional()),
  TSLREC_FOLDER: z
    .string()
    .refine(isFolderPath, 'it has to be the path of a folder (./ before a name with a colon)')
    .default('.tslrec'),
  TSLREC_SCHEMA: unlessEmpty(
    z
      .string()
      .regex(
        /^(?!pg_|information_schema$)[a-z_][a-z0-9_]{0,62}$/,
        'it has to be a name of at most 63 lower-case letters, digits and underscores that is not of the ' +
          'database itself (pg_..., information_schema)',
      )
      .default(DEFAULT_SCHEMA),
  ),
  TSLREC_EXECUTION_PROVIDER: unlessEmpty(z.string().default('cpu')),
  TSLREC_THREADS: wholeNumber(MOST_THREADS, 0),
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
    const name = path.join('.');
    const value = variables[name] ?? '';
    const inWords = isFolderPath(value) ? shown(value) : shownLocation(value);
    const got = SECRETS.includes(name) ? '' : ` and is ${inWords}`;
    throw new TslrecError(
      'bad-request',
      `The environment variable ${name} is wrong: ${message}${got}; set it anew.`,
    );
  }
  const { PORT, HOST, DATABASE_URL, TSLREC_FOLDER, TSLREC_EXECUTION_PROVIDER, TSLREC_THREADS } = read.data;
  return {
    port: PORT,
    host: HOST,
    store: DATABASE_URL ?? TSLREC_FOLDER,
    folder: TSLREC_FOLDER,
    schema: read.data.TSLREC_SCHEMA,
    execution: { provider: TSLREC_EXECUTION_PROVIDER, threads: TSLREC_THREADS },
    accessToken: read.data.HF_TOKEN,
    failpoint: read.data.TSLREC_FAILPOINT,
  };
}
