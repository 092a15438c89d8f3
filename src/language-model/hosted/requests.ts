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

/** Each may look up at the Hub where a provider serves the model; the answer is kept by the client. */
export interface HostedRequests {
  embeddings(texts: readonly string[], signal: AbortSignal): Promise<HttpRequest>;
  labels(text: string, signal: AbortSignal): Promise<HttpRequest>;
  chat(messages: readonly Message[], parameters: object, signal: AbortSignal): Promise<HttpRequest>;
  completions(prompts: readonly string[], parameters: object, signal: AbortSignal): Promise<HttpRequest>;
}

/** More than any model has labels. */
const ALL_LABELS = 100_000;

export function createHostedRequests(
  address: HostedAddress,
  { name, deadlineMs }: { name: string; deadlineMs: number },
): HostedRequests {
  const { model, accessToken } = address;
  const { provider, endpointUrl } = checked(address);
  const isOpenAiStyle = endpointUrl?.endsWith('/v1') ?? false;
  /** TEI and the Hub's own service know these; other providers may refuse what they do not know. */
  const truncation = provider === 'hf-inference' ? { truncate: true, truncation_direction: 'left' } : {};

  async function make(task: InferenceTask, body: RequestArgs, signal: AbortSignal) {
    const lookUp: typeof fetch = (url, init) =>
      fetch(url, { ...init, signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]) });
    try {
      const helper = getProviderHelper(provider, task);
      const args = { model, endpointUrl, accessToken, ...body };
      const { url, info } = await makeRequestOptions(args, helper, { task, fetch: lookUp });
      return { url, init: info };
    } catch (error) {
      signal.throwIfAborted();
      throw notMade(error, name, accessToken);
    }
  }

  return {
    async embeddings(texts, signal) {
      // The client has no way to ask an OpenAI-style server of one's own for embeddings.
      if (isOpenAiStyle) {
        const body = { model, input: texts, encoding_format: 'float', truncate_prompt_tokens: -1 };
        return post(`${endpointUrl}/embeddings`, accessToken, body);
      }
      return make('feature-extraction', { inputs: texts, ...truncation }, signal);
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
      return make('text-classification', { inputs: text, parameters, ...truncation }, signal);
    },

    chat: (messages, parameters, signal) =>
      make(
        'conversational',
        { messages: messages.map((message) => ({ ...message })), ...parameters },
        signal,
      ),
    completions: (prompts, parameters, signal) =>
      make('text-generation', { inputs: prompts, ...parameters }, signal),
  };
}

function post(url: string, accessToken: string | undefined, body: object): HttpRequest {
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
    `"${at.provider}" is no Inference Provider: give one of ${INFERENCE_PROVIDERS.join(', ')}, or the URL of an endpoint.`,
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
    "The endpoint's URL is not of the form http(s)://host/path: give it without user, password and query, and a token as the access token.",
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
