// Messages -> the prompt that a model was trained to answer: the chat template of its folder, a Jinja
// template as transformers keeps it, in chat_template.jinja or in tokenizer_config.json. It is rendered where
// the folder's code runs. A folder without one gets the messages' own words, each on a line.
import path from 'node:path';
import * as z from 'zod';
import { TslrecError } from '../../errors.ts';
import { isThere, readNamedText } from '../../named-file.ts';
import { readJsonFile } from '../files/json-file.ts';
import type { IsolatedCode } from '../isolated/isolated-code.ts';
import type { Message } from '../language-model.ts';

/** The prompt, and whether the special tokens around a text stand in it already. */
export type ChatTemplate = (messages: readonly Message[]) => Promise<{
  readonly text: string;
  readonly bare: boolean;
}>;

const ADVICE = 'give a folder whose template does, or take the template out of it';
const LARGEST_TEMPLATE = 1e6;

const namedTemplate = z.object({ name: z.string(), template: z.string() });
const specialToken = z.union([z.string(), z.object({ content: z.string() })]).nullish();
const tokenizerConfig = z.object({
  chat_template: z.union([z.string(), z.array(namedTemplate)]).nullish(),
  bos_token: specialToken,
  eos_token: specialToken,
});

export async function readChatTemplate(folder: string, code: IsolatedCode): Promise<ChatTemplate> {
  const configFile = path.join(folder, 'tokenizer_config.json');
  const templateFile = path.join(folder, 'chat_template.jinja');
  const config = isThere(configFile)
    ? await readJsonFile(configFile, tokenizerConfig, 'give the file as its authors wrote it')
    : {};
  const source = isThere(templateFile)
    ? await readNamedText(templateFile, LARGEST_TEMPLATE)
    : defaultTemplate(config.chat_template);
  if (source === undefined)
    return async (messages) => ({ text: messages.map(({ content }) => content).join('\n'), bare: false });
  const text = (token: z.infer<typeof specialToken>) =>
    (typeof token === 'object' ? token?.content : token) ?? '';
  await code.ask(
    'template',
    { source },
    {
      subject: `${folder}: the chat template`,
      advice: ADVICE,
      refusal: (message) =>
        new TslrecError(
          'bad-data',
          `${folder}: got a chat template that cannot be read (${message}), expected one in Jinja; ` +
            `${ADVICE}.`,
        ),
    },
  );
  return async (messages) => {
    const variables = {
      messages,
      add_generation_prompt: true,
      bos_token: text(config.bos_token),
      eos_token: text(config.eos_token),
    };
    const rendered = await code.ask(
      'render',
      { variables },
      {
        subject: `${folder}: the chat template, asked for a prompt,`,
        advice: ADVICE,
        amount: { text: messages.reduce((sum, { content }) => sum + content.length, 0) },
        refusal: (message) =>
          new TslrecError(
            'bad-request',
            `The chat template of ${folder} refuses these messages (${message}): give them in the order ` +
              'and with the roles that it knows.',
          ),
      },
    );
    const asked = messages.at(-1)?.content.trim() ?? '';
    if (!rendered.includes(asked)) {
      throw new TslrecError(
        'bad-data',
        `${folder}: got a chat template that leaves out the message, expected one that tells it; ${ADVICE}.`,
      );
    }
    return { text: rendered, bare: true };
  };
}

/** Where several are named, the one for plain chat. */
function defaultTemplate(templates: z.infer<typeof tokenizerConfig>['chat_template']): string | undefined {
  if (typeof templates === 'string') return templates;
  return templates?.find(({ name }) => name === 'default')?.template;
}
