// How declared routes are answered. A request is let in or refused (admission.ts), what it asks is checked
// against the route's schemas, the handler gives the body; everything else leaves as an error.
import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Response } from 'express';
import { z } from 'zod';
import { type ErrorCode, TslrecError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Admission } from './admission.ts';
import { METHODS, type Method, Reply, type Route, type Routes, SENT } from './route.ts';

const MOST_BODY_BYTES = 2 * 2 ** 20;

const readJson = express.json({ limit: MOST_BODY_BYTES, strict: true, type: () => true });

/**
 * Paths may overlap: a method that `/things/batch` lacks may be one of `/things/:id`. So a request is refused
 * only behind all routes, and told the methods of every path that it fits.
 */
export function addRoutes(app: Express, routes: Routes, admission: Admission): void {
  for (const [path, methods] of Object.entries(routes)) {
    const atPath = app.route(path);
    for (const method of METHODS) {
      const declared = methods[method];
      if (!declared) continue;
      const verb = method.toLowerCase() as Lowercase<Method>;
      const letIn: RequestHandler = (request, response, next) => {
        response.locals.route = path;
        response.locals.caller = admission.admit(request, declared.scope);
        next();
      };
      atPath[verb](letIn, ...(declared.body ? [readJson] : []), handlerOf(declared));
    }
    const allowed = METHODS.filter((method) => methods[method]).flatMap((method) =>
      method === 'GET' ? ['GET', 'HEAD'] : [method],
    );
    atPath.all((_request, { locals }, next) => {
      locals.allowed = new Set([...(locals.allowed ?? []), ...allowed]);
      next();
    });
  }
}

const nothing = z.strictObject({});

function handlerOf({ params, query, body, handle }: Route): RequestHandler {
  return async (request, response) => {
    const answered = await handle({
      params: check(request.params, params ?? z.object({}), 'Path parameter', 'bad-parameter'),
      query: check(request.query, query ?? nothing, 'Query parameter', 'bad-parameter'),
      body: body ? (check(request.body, body, 'Body', 'bad-data') as object) : {},
      raw: request,
      response,
    });
    if (SENT in answered) return;
    if (answered instanceof Reply) send(response, answered);
    else send(response, new Reply(200, answered));
  };
}

/** A parameter that is unknown, malformed or given twice is refused, naming it. */
function check<Schema extends z.ZodType>(given: unknown, schema: Schema, what: string, code: ErrorCode) {
  const { data, error } = schema.safeParse(given);
  if (!error) return data as z.output<Schema>;
  const [{ path, message }] = error.issues;
  const place = path.length > 0 ? `${what} "${path.map(String).join('.').slice(0, 100)}"` : what;
  throw new TslrecError(code, `${place}: ${message.slice(0, 200)}`);
}

/** An answer that comes from one version says which, in the body and in a header. */
function send(response: Response, { status, body, headers }: Reply): void {
  response.status(status).set(headers);
  if (body === undefined) return void response.end();
  if ('version' in body && typeof body.version === 'string') response.set('X-Tslrec-Version', body.version);
  response.json(body);
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
    const { status, code, message, headers } = known ?? INTERNAL;
    response.status(status).set(headers).json({ error: { code, message } });
  };
}

const INTERNAL = { status: 500, code: 'internal', message: 'Internal error.', headers: {} };

/** What Express and its reader of bodies refuse, by the type that they name. */
const REFUSED_BODIES: Readonly<Record<string, TslrecError>> = {
  'entity.too.large': new TslrecError(
    'too-large',
    `The body is larger than ${MOST_BODY_BYTES} bytes; send less at a time.`,
  ),
  'entity.parse.failed': new TslrecError('bad-request', 'The body is not JSON: send an object as JSON.'),
  'encoding.unsupported': new TslrecError(
    'unsupported-media',
    'The body is compressed in a way that is not read here; send it as gzip, deflate or plain.',
  ),
  'charset.unsupported': new TslrecError('unsupported-media', 'The body is not in UTF-8; send it in UTF-8.'),
};
const UNREAD_BODY = new TslrecError('bad-request', 'The body could not be read whole; send it again.');

/** Express itself refuses malformed percent-encoding, with an error that carries a status. */
function asKnown(error: unknown): TslrecError | undefined {
  if (error instanceof TslrecError) return error;
  if (error instanceof URIError)
    return new TslrecError('bad-request', 'The path is not valid percent-encoded UTF-8.');
  if (!(error instanceof Error) || !('status' in error) || Number(error.status) >= 500) return undefined;
  return ('type' in error && REFUSED_BODIES[String(error.type)]) || UNREAD_BODY;
}
