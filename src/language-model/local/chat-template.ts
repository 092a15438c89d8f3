// Messages -> the prompt that a model was trained to answer: the chat template of its folder, a Jinja
// template as transformers keeps it, in chat_template.jinja or in tokenizer_config.json. A folder without one
// gets the messages' own words, each on a line.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Template } from '@huggingface/jinja';
import * as z from 'zod';
import { TslrecError } from '../../errors.ts';
import { readNamedFile } from '../../files.ts';
import { readJsonFile } from '../json-file.ts';
import type { Message } from '../language-model.ts';

/** The prompt, and whether the special tokens around a text stand in it already. */
export type ChatTemplate = (messages: readonly Message[]) => {
  readonly text: string;
  readonly bare: boolean;
};

const namedTemplate = z.object({ name: z.string(), template: z.string() });
const specialToken = z.union([z.string(), z.object({ content: z.string() })]).nullish();
const tokenizerConfig = z.object({
  chat_template: z.union([z.string(), z.array(namedTemplate)]).nullish(),
  bos_token: specialToken,
  eos_token: specialToken,
});

export async function readChatTemplate(folder: string): Promise<ChatTemplate> {
  const configFile = path.join(folder, 'tokenizer_config.json');
  const templateFile = path.join(folder, 'chat_template.jinja');
  const config = existsSync(configFile)
    ? await readJsonFile(configFile, tokenizerConfig, 'give the file as its authors wrote it')
    : {};
  const source = existsSync(templateFile)
    ? (await readNamedFile(templateFile)).toString()
    : defaultTemplate(config.chat_template);
  if (source === undefined)
    return (messages) => ({ text: messages.map(({ content }) => content).join('\n'), bare: false });
  const text = (token: z.infer<typeof specialToken>) =>
    (typeof token === 'object' ? token?.content : token) ?? '';
  const template = new Template(source);
  return (messages) => {
    try {
      const rendered = template.render({
        messages,
        add_generation_prompt: true,
        bos_token: text(config.bos_token),
        eos_token: text(config.eos_token),
      });
      return { text: rendered, bare: true };
    } catch (error) {
      throw new TslrecError(
        'bad-request',
        `The chat template of ${folder} refuses these messages (${(error as Error).message}): give them in ` +
          'the order and ' +
          'with the roles that it knows.',
        { cause: error },
      );
    }
  };
}

/** Where several are named, the one for plain chat. */
function defaultTemplate(templates: z.infer<typeof tokenizerConfig>['chat_template']): string | undefined {
  if (typeof templates === 'string') return templates;
  return templates?.find(({ name }) => name === 'default')?.template;
}
