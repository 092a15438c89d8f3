// A JSON file of a model folder, checked as it is read: what does not fit is told in one sentence.
// Ten times what the largest open models have fits in.
import type * as z from 'zod';
import { TslrecError } from '../../errors.ts';
import { readNamedText } from '../../named-file.ts';

const LARGEST_JSON = 1e7;

/** `advice` is what a message ends in: what to do about a value that does not fit, which `show` tells. */
export async function readJsonFile<Schema extends z.ZodType>(
  file: string,
  schema: Schema,
  advice: string,
  show: (value: unknown) => string = shown,
): Promise<z.infer<Schema>> {
  const json = parseJson(await readNamedText(file, LARGEST_JSON), file);
  const read = schema.safeParse(json, { reportInput: true });
  if (read.success) return read.data;
  const { path, message, input } = read.error.issues[0];
  const got = valueAt(json, path) ?? input; // of a union zod gives the whole object
  const where = path.length === 0 ? '' : ` ${path.join('.')}:`;
  throw new TslrecError('bad-data', `${file}:${where} got ${show(got)}, ${expectation(message)}; ${advice}.`);
}

const valueAt = (json: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce((value, key) => (value instanceof Object ? Reflect.get(value, key) : undefined), json);

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TslrecError(
      'bad-data',
      `${file}: got text that is not JSON (${(error as Error).message}); copy it again.`,
      { cause: error },
    );
  }
}

/** Of zod's message what it expected; what it got is told by `show`. */
const expectation = (message: string): string => /expected .*?(?=, received|$)/.exec(message)?.[0] ?? message;

const SHOWN_CHARACTERS = 80;

/** A value as JSON, as much of it as a message can hold. */
export function shown(value: unknown): string {
  const text = asText(value) ?? 'nothing';
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}...` : text;
}

/** JSON.stringify is recursive, JSON.parse is not. */
function asText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return 'a value of too many levels';
  }
}
