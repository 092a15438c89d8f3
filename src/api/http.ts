// What all routes share. A request is logged, its query is checked, its method's handler gives the body of
// the answer; everything else leaves as an error. After bluesky-social/atproto (packages/xrpc-server): a
// handler gets what was checked and returns what is sent; here a path may have several methods.
import type { ErrorRequestHandler, Express, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { TslrecError } from '../errors.ts';
import type { Log } from '../log.ts';
import { maskedQuery } from '../masked-url.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
type Handler = RequestHandler<Record<string, string>>;

/** The handlers of a resource, by path and method. */
export type Routes = Readonly<Record<string, Readonly<Partial<Record<Method, Handler>>>>>;

export const versionQuery = z.strictObject({ version: z.string().min(1).max(100).optional() });

/** A handler of requests whose query has passed its schema; it returns the body of the answer. */
export function handle<Query extends z.ZodType>(
  schemas: { readonly query: Query },
  bodyFor: (request: {
    readonly params: Readonly<Record<string, string>>;
    readonly query: z.output<Query>;
  }) => object | Promise<object>,
): Handler {
  return async (request, response) => {
    const query = readQuery(request.query, schemas.query);
    answer(response, await bodyFor({ params: request.params, query }));
  };
}

/**
 * Paths may overlap: a method that `/things/batch` lacks may be one of `/things/:id`. So a request is refused
 * only behind all routes, and told the methods of every path that it fits.
 */
export function addRoutes(app: Express, routes: Routes): void {
  for (const [path, handlers] of Object.entries(routes)) {
    const route = app.route(path);
    const methods = Object.keys(handlers) as Method[];
    for (const method of methods) route[method.toLowerCase() as Lowercase<Method>](handlers[method]!);
    const allowed = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
    route.all((_request, { locals }, next) => {
      locals.allowed = new Set([...(locals.allowed ?? []), ...allowed]);
      next();
    });
  }
}

/** Stands behind all routes. */
export const refuseRequest: RequestHandler = (request, response) => {
  const allowed: Set<string> | undefined = response.locals.allowed;
  if (!allowed) throw new TslrecError('not-found', 'There is no such route.');
  response.set('Allow', [...allowed].join(', '));
  const verb = allowed.size > 1 ? 'are' : 'is';
  throw new TslrecError(
    'method-not-allowed',
    `${request.method} is not allowed here; ${LIST.format(allowed)} ${verb}.`,
  );
};

const LIST = new Intl.ListFormat('en');

/** A parameter that is unknown, malformed or given twice is refused, naming it. */
function readQuery<Query extends z.ZodType>(given: unknown, schema: Query): z.output<Query> {
  const { data, error } = schema.safeParse(given);
  if (!error) return data;
  const [{ path, message }] = error.issues;
  const place = path.length > 0 ? `Query parameter "${path.join('.')}"` : 'Query';
  throw new TslrecError('bad-parameter', `${place}: ${message.slice(0, 200)}`);
}

/** An answer that comes from one version says which, in the body and in a header. */
function answer(response: Response, body: object): void {
  if ('version' in body && typeof body.version === 'string') response.set('X-Tslrec-Version', body.version);
  response.json(body);
}

/**
 * Every error leaves through here, as { "error": { "code", "message" } }. What a caller can cause is a
 * TslrecError and keeps its message; anything else is a bug of ours, logged with its stack and answered
 * without details. A statement that the database refuses is logged too: only its administrator can mend it.
 */
export function answerError(log: Log): ErrorRequestHandler {
  return (error, _request, response, _next) => {
    const known = asKnown(error);
    if (!known || known.code === 'database-refuses') log.error({ err: error }, 'a request failed');
    if (response.headersSent) return void response.destroy();
    const { status, code, message } = known ?? { status: 500, code: 'internal', message: 'Internal error.' };
    response.status(status).json({ error: { code, message } });
  };
}

/** Express itself refuses malformed percent-encoding, with an error that carries a status. */
function asKnown(error: unknown): TslrecError | undefined {
  if (error instanceof TslrecError) return error;
  if (error instanceof URIError)
    return new TslrecError('bad-request', 'The path is not valid percent-encoded UTF-8.');
  return undefined;
}

const MAX_URL_CHARACTERS = 200;

/** One line a request, when it ends or is cut off. What the client controls is cut to a bounded length. */
export function logRequests(log: Log): RequestHandler {
  return (request, response, next) => {
    const startedMs = performance.now();
    response.once('close', () => {
      log.info(
        {
          method: request.method,
          url: shownUrl(request.originalUrl).slice(0, MAX_URL_CHARACTERS),
          status: response.statusCode,
          complete: response.writableFinished,
          durationMs: Math.round(performance.now() - startedMs),
        },
        'request',
      );
    });
    next();
  };
}

/** Someone may send a token in the query, though nothing here reads one. */
function shownUrl(url: string): string {
  const [path, ...query] = url.split('?');
  return path + maskedQuery(query.join('?'));
}
