// What the process that runs the code of a model folder is asked, what it answers, and within which limits.

export interface Requests {
  /** Reads a tokenizer.json; it encodes and decodes from then on. Gives the size of its vocabulary. */
  tokenizer: { ask: { json: Uint8Array }; answer: number };
  encode: { ask: { texts: readonly string[]; bare: boolean }; answer: Int32Array[] };
  decode: { ask: { tokens: readonly number[] }; answer: string };
  /** Reads a chat template; it renders from then on. */
  template: { ask: { source: string }; answer: null };
  render: { ask: { variables: Readonly<Record<string, unknown>> }; answer: string };
  /** Which of the names an expression matches. */
  match: { ask: { expression: string; names: readonly string[] }; answer: boolean[] };
}
export type RequestName = keyof Requests;

export interface Request<Name extends RequestName = RequestName> {
  readonly name: Name;
  readonly ask: Requests[Name]['ask'];
  readonly limits: Limits;
}

export interface Limits {
  /** Of all cores together; on a busy machine it takes longer until they are used. */
  readonly cpuSeconds: number;
  /** Of the whole process, resident. */
  readonly bytes: number;
}

/** `thrown` is the message of an error of the folder's code. */
export type Reply = { readonly answer: unknown } | { readonly thrown: string };

/** What the process writes to stderr where it ends itself because a limit is reached. */
export const REACHED = { time: 'limit of time', memory: 'limit of memory' } as const;
