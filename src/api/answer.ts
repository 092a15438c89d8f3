// Every read says which version it came from, in the body and in a header.
import type { Response } from 'express';
import type { FromVersion } from '../storage/store.ts';

export function answer<Body extends FromVersion>(response: Response, body: Body): void {
  response.set('X-Tslrec-Version', body.version).json(body);
}
