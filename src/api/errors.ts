// Every error leaves through here, as { "error": { "code", "message" } }. What a caller can cause is a
// TslrecError and keeps its message; anything else is a bug of ours, logged with its stack and answered
// without details. A statement that the database refuses is logged too: only its administrator can mend it.
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { TslrecError } from '../errors.ts';
import type { Log } from '../log.ts';

export const refuseUnknownRoute: RequestHandler = () => {
  throw new TslrecError('not-found', 'There is no such route.');
};

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
