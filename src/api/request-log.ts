// One line a request, when it has ended or was cut off, and the id by which a client's log and this one find
// each other. What the client controls is cut to a bounded length.
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../log.ts';
import { maskedQuery } from '../masked-url.ts';

const MOST_URL_CHARACTERS = 200;
const GIVEN_ID = /^[\w.:/+=-]{1,100}$/;

/** Called when a request has come in; `url` is as it came. */
export type RequestLog = (request: IncomingMessage, response: ServerResponse, url: string) => void;

export function createRequestLog(log: Log): RequestLog {
  const start = randomBytes(6).toString('base64url');
  let requests = 0;
  return (request, response, url) => {
    const startedMs = performance.now();
    const given = request.headers['x-request-id'];
    const requestId =
      typeof given === 'string' && GIVEN_ID.test(given) ? given : `${start}-${(requests++).toString(36)}`;
    response.setHeader('X-Request-Id', requestId);
    response.once('close', () => {
      log.info(
        {
          requestId,
          method: request.method,
          url: shownUrl(url).slice(0, MOST_URL_CHARACTERS),
          status: response.statusCode,
          complete: response.writableFinished,
          durationMs: Math.round((performance.now() - startedMs) * 10) / 10,
        },
        'request',
      );
    });
  };
}

/** Someone may send a token in the query, though nothing here reads one. */
function shownUrl(url: string): string {
  const at = url.indexOf('?');
  return at < 0 ? url : url.slice(0, at) + maskedQuery(url.slice(at + 1));
}
