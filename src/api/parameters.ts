// Query parameters, checked: a parameter that is unknown, malformed or given twice is refused, naming it.
import type { Request } from 'express';
import { z } from 'zod';
import { TslrecError } from '../errors.ts';

const MAX_NEIGHBOURS = 1000;

const version = z.string().min(1).max(100).optional();

const neighbourCount = z
  .string()
  .regex(/^\d{1,4}$/, `expected an integer from 1 to ${MAX_NEIGHBOURS}`)
  .transform(Number)
  .pipe(z.number().min(1).max(MAX_NEIGHBOURS))
  .default(10);

export const noQuery = z.strictObject({});
export const versionQuery = z.strictObject({ version });
export const neighboursQuery = z.strictObject({ version, k: neighbourCount });

export function readQuery<Schema extends z.ZodType>(request: Request, schema: Schema): z.output<Schema> {
  const { data, error } = schema.safeParse(request.query);
  if (!error) return data;
  const [{ path, message }] = error.issues;
  const place = path.length > 0 ? `Query parameter "${path.join('.')}"` : 'Query';
  throw new TslrecError('bad-parameter', `${place}: ${message.slice(0, 200)}`);
}
