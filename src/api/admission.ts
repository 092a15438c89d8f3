// Who is let in: asked before anything of a request is read but its line and headers. One instance guards
// every route, those that Express finds and those that are answered in front of it.
import type { IncomingMessage } from 'node:http';
import type { Scope } from './route.ts';

export interface Caller {
  /** Which key was shown; absent where none is asked for. */
  readonly keyId?: string;
}

export interface Admission {
  /** Refuses with a TslrecError who may not ask this, or not now. */
  admit(request: IncomingMessage, scope: Scope): Caller;
}

/** Where everybody may do everything: a server that only its own machine reaches. */
export const everybody: Admission = { admit: () => ({}) };
