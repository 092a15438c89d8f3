// The hosted model keeps the contract of every language model, on both kinds of URLs.
import type { TestContext } from 'node:test';
import { createHostedModel } from '../../src/language-model/hosted/hosted-model.ts';
import { languageModelContract } from '../support/language-model-contract.ts';
import { faults, startLanguageModelServer } from '../support/language-model-server.ts';

const drafting = async (context: TestContext, path = '') => {
  const { url, failWith } = await startLanguageModelServer(context);
  failWith(faults.saying([{ content: '<think>\n' }, { content: 'the cat ' }, { content: 'sat' }], 'length'));
  return createHostedModel({ model: 'tiny', at: { endpointUrl: url + path } });
};

const PROMPT = 'is the cat here';
const CHOICES = [' ', '.', ',', 't', 'x'];

languageModelContract('a hosted model at a URL as TEI has it', async (context) => {
  const { url } = await startLanguageModelServer(context);
  return {
    model: createHostedModel({ model: 'tiny', at: { endpointUrl: url } }),
    prompt: PROMPT,
    choices: CHOICES,
    drafting: await drafting(context),
  };
});

languageModelContract(
  'a hosted model at an OpenAI-style URL',
  async (context) => {
    const { url } = await startLanguageModelServer(context);
    const model = createHostedModel({ model: 'tiny', at: { endpointUrl: `${url}/v1` } });
    return { model, prompt: PROMPT, choices: CHOICES, drafting: await drafting(context, '/v1') };
  },
  ['classify'],
);
