// What `sslmode` in a URL means: the same as to libpq. pg by itself takes weaker modes for verify-full and
// warns of that on stderr; told to be like libpq it does not make do without TLS, and does not know its own
// `no-verify`.
import { TslrecError } from '../errors.ts';

type Mode = 'disable' | 'allow' | 'prefer' | 'require' | 'no-verify' | 'verify-ca' | 'verify-full';

/**
 * What each adds to the URL, one way to connect after the other; of a parameter that comes twice pg takes the
 * last.
 */
const WAYS: Readonly<Record<Mode, readonly string[]>> = {
  disable: ['sslmode=disable'],
  // libpq's allow begins without TLS; what is encrypted at last is never less here.
  allow: ['uselibpqcompat=true&sslmode=prefer', 'sslmode=disable'],
  prefer: ['uselibpqcompat=true&sslmode=prefer', 'sslmode=disable'],
  require: ['uselibpqcompat=true'],
  'no-verify': ['uselibpqcompat=false'],
  'verify-ca': ['uselibpqcompat=true'],
  'verify-full': ['uselibpqcompat=true'],
};

/**
 * For pg: the first, and where that fails because the server offers no TLS the next. Throws 'bad-request'
 * where it is no URL, or its sslmode means nothing.
 */
export function connectionStrings(url: string): string[] {
  if (!URL.canParse(url))
    throw new TslrecError(
      'bad-request',
      'The URL of the database cannot be read; it has to look like ' +
        'postgres://user:password@host:5432/name, with special characters percent-encoded.',
    );
  const [withoutHash] = url.split('#');
  const { searchParams } = new URL(url);
  const mode = searchParams.getAll('sslmode').at(-1);
  if (mode === undefined) return [withoutHash];
  if (!isMode(mode))
    throw wrong(`sslmode is ${JSON.stringify(mode)}`, `one of ${Object.keys(WAYS).join(', ')}`);
  if (mode === 'verify-ca' && !searchParams.get('sslrootcert'))
    throw wrong('sslmode is verify-ca without an authority', 'sslrootcert=FILE beside it, or verify-full');
  return WAYS[mode].map((way) => `${withoutHash}&${way}`);
}

/** What `connect` gives by the first of the strings, or by the next where a server offers no TLS. */
export async function connectInTurn<Connected>(
  [first, ...others]: readonly string[],
  connect: (connectionString: string) => Promise<Connected>,
): Promise<Connected> {
  try {
    return await connect(first);
  } catch (error) {
    if (others.length === 0 || !/does not support SSL/.test(String(error))) throw error;
    return connectInTurn(others, connect);
  }
}

const isMode = (text: string): text is Mode => Object.hasOwn(WAYS, text);

const wrong = (found: string, expected: string): TslrecError =>
  new TslrecError('bad-request', `In the URL of the database ${found}, expected is ${expected}; correct it.`);
