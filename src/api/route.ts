// What a route is: a declaration of what may be asked, who may ask it, what is answered, and the function
// that answers. Requests are checked against its schemas (http.ts), and the same schemas make /openapi.json
// (openapi.ts), so that what is documented is what holds. After bluesky-social/atproto
// (packages/xrpc-server): a handler gets what was checked and returns what is sent.
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { ErrorCode } from '../errors.ts';

/** Who may ask: everybody, who has a key for reading, or one for writing. */
export type Scope = 'open' | 'read' | 'write';

export const METHODS = ['GET', 'POST', 'PUT', 'DELETE'] as const;
export type Method = (typeof METHODS)[number];

/** By path, then method. Parameters in a path are written `:name`. */
export type Routes = Readonly<Record<string, Readonly<Partial<Record<Method, Route>>>>>;

interface Schemas<Params, Query, Body> {
  readonly params?: Params;
  readonly query?: Query;
  /** JSON; without it what a client sends is not read. */
  readonly body?: Body;
}

type Parsed<Schema> = Schema extends z.ZodType ? z.output<Schema> : Record<never, never>;

export interface RouteRequest<Params, Query, Body> {
  readonly params: Parsed<Params>;
  readonly query: Parsed<Query>;
  readonly body: Parsed<Body>;
  readonly raw: Request;
  /** For routes that send their answer themselves, in pieces; they return SENT. */
  readonly response: Response;
}

/** What a status means, and what its body is: JSON of a schema, or a file of other media types. */
export interface Answer {
  readonly description: string;
  readonly schema?: z.ZodType;
  readonly mediaTypes?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

interface Declaration<Params, Query, Body> extends Schemas<Params, Query, Body> {
  /** One line, for people who look for it in a list. */
  readonly summary: string;
  readonly description?: string;
  readonly scope: Scope;
  /** By status; those of errors follow from `errors`. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** Beside those that every route may answer with. */
  readonly errors?: readonly ErrorCode[];
  handle(request: RouteRequest<Params, Query, Body>): object | Promise<object>;
}

export type Route = Declaration<z.ZodObject | undefined, z.ZodObject | undefined, z.ZodType | undefined>;

/** Lets TypeScript infer from the schemas what `handle` gets. */
export const route = <
  Params extends z.ZodObject | undefined = undefined,
  Query extends z.ZodObject | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
>(
  declaration: Declaration<Params, Query, Body>,
): Route => declaration as unknown as Route;

/** The answer of a handler that has sent everything itself. */
export const SENT = Symbol('sent');
export type Sent = { readonly [SENT]: true };
export const sent: Sent = { [SENT]: true };

/** An answer with a status other than 200, or with headers. */
export class Reply {
  readonly status: number;
  readonly body: object | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, body?: object, headers: Readonly<Record<string, string>> = {}) {
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** Ids as they stand in paths. */
export const itemIdParams = z.object({ itemId: z.string().meta({ description: "The catalogue's own id" }) });
export const userIdParams = z.object({ userId: z.string() });
export const versionIdParams = z.object({ versionId: z.string() });

/** `?version=`: which version is read. */
export const versionQuery = z.strictObject({
  version: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'Which version; without it the one that is active' }),
});

/** What every answer from a version says of it. */
export const fromVersion = z.object({
  version: z.string().meta({ description: 'The version that the answer is from' }),
  versionCreatedAt: z.iso.datetime(),
});

/** A whole number in a query, where everything is text. */
export function wholeNumber(least: number, most: number) {
  const expected = `expected an integer from ${least} to ${most}`;
  return z
    .string()
    .regex(new RegExp(`^\\d{1,${String(most).length}}$`), expected)
    .transform(Number)
    .pipe(z.number().min(least, expected).max(most, expected))
    .meta({ override: { type: 'integer', minimum: least, maximum: most } });
}
