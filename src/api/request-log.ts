// One line a request, when it ends or is cut off. What the client controls is cut to a bounded length.
import type { RequestHandler } from 'express';
import type { Log } from '../log.ts';
import { maskedQuery } from '../masked-url.ts';

const MAX_URL_CHARACTERS = 200;

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
