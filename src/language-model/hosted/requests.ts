// Where and how a hosted model is asked. Hugging Face's client makes the requests: it knows the URL, headers
// and body of each Inference Provider. It does not send them: it repeats a 503 at once and for ever, has no
// deadline, hides Retry-After and takes a stream that breaks off for one that ended (utils/request.js of
// @huggingface/inference 4.13).
import {
  getProviderHelper,
  INFERENCE_PROVIDERS,
  InferenceClientError,
  InferenceClientHubApiError,
  type InferenceProvider,
  type InferenceTask,
  makeRequestOptions,
  type RequestArgs,
} from '@huggingface/inference';
import { TslrecError } from '../../errors.ts';
import { limited } from '../body-limit.ts';
import type { Message } from '../language-model.ts';
import { LanguageModelError } from '../language-model-error.ts';
import type { HttpRequest } from './exchange.ts';
import { serverWords } from './server-words.ts';

export interface HostedAddress {
  /** As the server or the Hub knows it: "BAAI/bge-small-en-v1.5". */
  readonly model: string;
  /**
   * An Inference Provider, or the URL of a server: TEI, TGI, vLLM, a dedicated endpoint. A URL that ends in
   * /v1 is an OpenAI-style server, asked at its /embeddings, /chat/completions and /completions. Any other is
   * asked for embeddings and labels as it stands, and for the rest behind an added /v1.
   * https://router.huggingface.co/v1 chats through whichever provider serves the model.
   */
  readonly at: { readonly provider: string } | { readonly endpointUrl: string };
  readonly accessToken?: string;
}

export interface ChatParameters {
  readonly max_tokens: number;
  readonly [name: string]: unknown;
}

/** At the top of a request's body. */
export type OptionalArgument = (typeof OPTIONAL)[number];

/**
 * What is sent because it helps where it is known, and may be left out where it is not: overlong texts are
 * then the server's to cut or to refuse, vectors come as numbers by default, and samples are drawn anyhow.
 */
export const OPTIONAL = [
  'encoding_format',
  'truncate_prompt_tokens',
  'truncate',
  'truncation_direction',
  'seed',
] as const;

/** Each may look up at the Hub where a provider serves the model; the answer is kept by the client. */
export interface HostedRequests {
  embeddings(texts: readonly string[], signal: AbortSignal): Promise<HttpRequest>;
  labels(text: string, signal: AbortSignal): Promise<HttpRequest>;
  chat(messages: readonly Message[], parameters: ChatParameters, signal: AbortSignal): Promise<HttpRequest>;
  completions(prompts: readonly string[], parameters: object, signal: AbortSignal): Promise<HttpRequest>;
}

/** More than any model has labels. */
const ALL_LABELS = 100_000;

const MEGABYTE = 2 ** 20;
const MOST_BYTES_OF_THE_HUB = MEGABYTE;
/** 65,536 numbers of 25 characters each. */
const MOST_BYTES_A_VECTOR = 2 * MEGABYTE;
const MOST_BYTES_A_LABEL = 128;
/** Each token with what a chat says of it: an event of its own, or a few likeliest ones. */
const MOST_BYTES_A_TOKEN = 8192;
/** A token and its log-probabilities for each byte that was sent. */
const MOST_BYTES_AN_ECHOED_BYTE = 256;

export function createHostedRequests(
  address: HostedAddress,
  { name, deadlineMs, leftOut }: { name: string; deadlineMs: number; leftOut: Set<OptionalArgument> },
): HostedRequests {
  const { model, accessToken } = address;
  const { provider, endpointUrl } = checked(address);
  const isOpenAiStyle = endpointUrl?.endsWith('/v1') ?? false;
  /** TEI and the Hub's own service know these; other providers may refuse what they do not know. */
  const truncation = provider === 'hf-inference' ? { truncate: true, truncation_direction: 'left' } : {};

  /** What a server has accepted once is not to blame for what it refuses later. */
  const known = new Set<OptionalArgument>();

  /** The body as it is sent, and what becomes of it where the server refuses that. */
  function acceptable<Body extends object>(
    wanted: Body,
  ): { body: Body } & Pick<HttpRequest, 'leaveOut' | 'accepted'> {
    const kept = Object.entries(wanted).filter(([name]) => !leftOut.has(name as OptionalArgument));
    const optional = OPTIONAL.filter((name) => name in wanted && !leftOut.has(name));
    return {
      body: Object.fromEntries(kept) as Body,
      leaveOut(refusal) {
        const named = optional.filter((name) => new RegExp(`\\b${name}\\b`).test(refusal));
        for (const name of named) leftOut.add(name);
        if (named.length > 0) return 'named';
        return optional.some((name) => !known.has(name)) ? 'unnamed' : undefined;
      },
      accepted() {
        for (const name of optional) known.add(name);
      },
    };
  }

  async function make(task: InferenceTask, wanted: RequestArgs, mostBytes: number, signal: AbortSignal) {
    const lookUp: typeof fetch = async (url, init) => {
      const inTime = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
      const response = await fetch(url, { ...init, signal: inTime });
      if (response.body === null) return response;
      const tooLong = () => new Error('the Hub answers without end');
      return new Response(limited(response.body, MOST_BYTES_OF_THE_HUB, tooLong), response);
    };
    try {
      const { body, ...outcome } = acceptable(wanted);
      const helper = getProviderHelper(provider, task);
      const args = { model, endpointUrl, accessToken, ...body };
      const { url, info } = await makeRequestOptions(args, helper, { task, fetch: lookUp });
      return { url, init: info, mostBytes, ...outcome };
    } catch (error) {
      signal.throwIfAborted();
      throw notMade(error, name, accessToken);
    }
  }

  return {
    async embeddings(texts, signal) {
      const mostBytes = MEGABYTE + texts.length * MOST_BYTES_A_VECTOR;
      // The client has no way to ask an OpenAI-style server of one's own for embeddings.
      if (isOpenAiStyle) {
        const wanted = { model, input: texts, encoding_format: 'float', truncate_prompt_tokens: -1 };
        const { body, ...outcome } = acceptable(wanted);
        return { ...post(`${endpointUrl}/embeddings`, accessToken, body), mostBytes, ...outcome };
      }
      return make('feature-extraction', { inputs: texts, ...truncation }, mostBytes, signal);
    },

    // One text a request: to TEI a list of two strings is a pair, and to others a list of lists is an error.
    async labels(text, signal) {
      if (isOpenAiStyle) {
        throw new LanguageModelError(
          'unsupported',
          `${name} cannot classify, because OpenAI-style servers (${endpointUrl}) have no such call: give ` +
            'the URL of a text-classification endpoint.',
        );
      }
      const parameters = { function_to_apply: 'softmax', top_k: ALL_LABELS };
      const mostBytes = ALL_LABELS * MOST_BYTES_A_LABEL;
      return make('text-classification', { inputs: text, parameters, ...truncation }, mostBytes, signal);
    },

    chat(messages, parameters, signal) {
      const body = { messages: messages.map((message) => ({ ...message })), ...parameters };
      const mostBytes = MEGABYTE + parameters.max_tokens * MOST_BYTES_A_TOKEN;
      return make('conversational', body, mostBytes, signal);
    },

    completions(prompts, parameters, signal) {
      const sent = prompts.reduce((bytes, prompt) => bytes + Buffer.byteLength(prompt), 0);
      const mostBytes = MEGABYTE + sent * MOST_BYTES_AN_ECHOED_BYTE;
      return make('text-generation', { inputs: prompts, ...parameters }, mostBytes, signal);
    },
  };
}

function post(url: string, accessToken: string | undefined, body: object): Pick<HttpRequest, 'url' | 'init'> {
  const headers = {
    'Content-Type': 'application/json',
    ...(accessToken && { Authorization: `Bearer ${accessToken}` }),
  };
  return { url, init: { method: 'POST', headers, body: JSON.stringify(body) } };
}

function checked({ at, accessToken }: HostedAddress): { provider: InferenceProvider; endpointUrl?: string } {
  // fetch would refuse it too, and print it.
  if (accessToken !== undefined && !/^[\x21-\x7e]+$/.test(accessToken)) {
    throw new TslrecError(
      'bad-request',
      'The access token is empty or has a character that no header can carry, such as a line break: give ' +
        'it without.',
    );
  }
  if ('endpointUrl' in at) return { provider: 'hf-inference', endpointUrl: checkedUrl(at.endpointUrl) };
  const provider = INFERENCE_PROVIDERS.find((known) => known === at.provider);
  if (provider) return { provider };
  throw new TslrecError(
    'bad-request',
    `"${at.provider}" is no Inference Provider: give one of ${INFERENCE_PROVIDERS.join(', ')}, or the URL ` +
      'of an endpoint.',
  );
}

/** Without a slash at its end. */
function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain =
    url && /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.search && !url.hash;
  if (isPlain) return url.href.replace(/\/+$/, '');
  // It is not shown: what is wrong with it may be that it holds a secret.
  throw new TslrecError(
    'bad-request',
    "The endpoint's URL is not of the form http(s)://host/path: give it without user, password and query, " +
      'and a token as the access token.',
  );
}

/** What stopped the client from making a request: the Hub, or a rule of its own. */
function notMade(error: unknown, name: string, accessToken: string | undefined): LanguageModelError {
  const said =
    error instanceof InferenceClientError ? serverWords(error.message.replace(/\.$/, ''), accessToken) : '';
  if (error instanceof InferenceClientHubApiError) {
    const { status } = error.httpResponse;
    if (status < 500 && status !== 429) {
      return new LanguageModelError(
        'refused',
        `${name} cannot be looked up at the Hub (${said}): see that its name is right.`,
      );
    }
  } else if (error instanceof InferenceClientError) {
    return new LanguageModelError(
      'unsupported',
      `${name} cannot be asked that (${said}): use another model or provider.`,
    );
  }
  return new LanguageModelError(
    'unavailable',
    `${name} cannot be looked up at the Hub: see that https://huggingface.co can be reached, or give an ` +
      `endpoint's URL.`,
  );
}
