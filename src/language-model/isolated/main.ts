// The process in which the code of a model folder runs: its tokenizer's expressions, its chat template, the
// expression that says where an adapter stands. Whatever becomes of them ends this process alone.
import { Worker } from 'node:worker_threads';
import type { Template } from '@huggingface/jinja';
import type { Tokenizer } from '../tokenizer.ts';
import type { Reply, Request, RequestName, Requests } from './requests.ts';

/** A prompt or an answer is not longer. */
const MOST_CHARACTERS = 1e7;

const watch = new Worker(new URL('./watch.ts', import.meta.url));
let tokenizer: Tokenizer;
let template: Template;

/** Libraries are loaded by those that need them: an expression alone needs none. */
const WORK: { [Name in RequestName]: (ask: Requests[Name]['ask']) => Promise<Requests[Name]['answer']> } = {
  async tokenizer({ json }) {
    const { tokenizerFromJson } = await import('../tokenizer.ts');
    tokenizer = tokenizerFromJson(Buffer.from(json).toString());
    return tokenizer.vocabularySize;
  },
  encode: ({ texts, bare }) => tokenizer.encode(texts, { bare }),
  decode: async ({ tokens }) => ofModestLength(await tokenizer.decode(tokens)),
  async template({ source }) {
    const { Template } = await import('@huggingface/jinja');
    template = new Template(source);
    return null;
  },
  render: async ({ variables }) => ofModestLength(template.render(variables)),
  async match({ expression, names }) {
    const pattern = new RegExp(expression);
    return names.map((name) => pattern.test(name));
  },
};

function ofModestLength(text: string): string {
  if (text.length <= MOST_CHARACTERS) return text;
  throw new Error(`it makes ${text.length} characters, at most ${MOST_CHARACTERS} are read`);
}

async function replyTo<Name extends RequestName>({ name, ask }: Request<Name>): Promise<Reply> {
  try {
    return { answer: await WORK[name](ask) };
  } catch (error) {
    return { thrown: error instanceof Error ? error.message : String(error) };
  }
}

process.on('message', async (request: Request) => {
  watch.postMessage(request.limits);
  const reply = await replyTo(request);
  watch.postMessage(null);
  process.send!(reply);
});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
