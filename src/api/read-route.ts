// A route that is only read: GET and HEAD run the handler, every other method is refused.
import { type Request, type RequestHandler, type Response, Router } from 'express';
import { TslrecError } from '../errors.ts';

type Handler = (request: Request<Record<string, string>>, response: Response) => void | Promise<void>;

export function readRoute(path: string, handler: Handler): Router {
  const router = Router();
  router.route(path).get(handler).all(refuseMethod);
  return router;
}

const refuseMethod: RequestHandler = (request, response) => {
  response.set('Allow', 'GET, HEAD');
  throw new TslrecError('method-not-allowed', `${request.method} is not allowed here; GET and HEAD are.`);
};
