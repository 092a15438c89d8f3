// The draft that a reasoning model writes before its answer, in tags of its own: <think>...</think>. It is no
// part of the answer. Tags are read as models write them: with blanks inside, in Kimi's brackets, as channels
// (gpt-oss's harmony: all before the channel `final` is draft), as Cohere's and OpenThinker's tokens.

const NAMES = ['think', 'thinking', 'thought', 'reasoning', 'scratchpad', 'seed:think'];
const CHANNELS = ['analysis', 'commentary'].map((name) => `<|channel|>${name}<|message|>`);
const OPENING = [
  ...NAMES.map((name) => `<${name}>`),
  '[think]',
  '◁think▷',
  '<|start_thinking|>',
  '<|begin_of_thought|>',
  ...CHANNELS,
  ...CHANNELS.map((channel) => `<|start|>assistant${channel}`),
];
const CLOSING = [
  ...NAMES.map((name) => `</${name}>`),
  '[/think]',
  '◁/think▷',
  '<|end_thinking|>',
  '<|end_of_thought|>',
  '<|channel|>final<|message|>',
];

/** Blanks that a tag may have behind its bracket, its slash and its name. */
const BLANKS = '\\s{0,2}';
const anyOf = (tags: readonly string[]) =>
  tags
    .map((tag) => tag.replace(/[[\]|]/g, '\\$&'))
    .map((tag) =>
      tag.replace(
        /^(<|◁|\\\[)(\/?)([\w:]+)/,
        (_, bracket, slash, name) => bracket + BLANKS + (slash && slash + BLANKS) + name + BLANKS,
      ),
    )
    .join('|');
const OPENED = new RegExp(anyOf(OPENING), 'i');
const BEGINS_OPENED = new RegExp(`^\\s*(?:${OPENED.source})`, 'i');
const ENDS_OPENED = new RegExp(`(?:${OPENED.source})\\s*$`, 'i');
const CLOSED = new RegExp(anyOf(CLOSING), 'i');
/** With its blanks. */
const LONGEST_TAG = Math.max(...CLOSING.map(({ length }) => length)) + 6;

/** Room for a draft, beside what an answer needs. */
export const DRAFT_TOKENS = 4096;

/** Whether an answer behind this prompt begins inside a draft: some chat templates open it. */
export const opensDraft = (prompt: string): boolean => ENDS_OPENED.test(prompt);

/** Whether an answer that begins with these characters may be a draft's beginning. */
export function mayBeginDraft(text: string): boolean {
  const begun = text
    .trimStart()
    .toLowerCase()
    .replace(/^([<[◁])\s{1,2}/, '$1')
    .replace(/^(\S+)\s{1,2}(?=[>▷\]]|$)/, '$1');
  return OPENING.some((tag) => tag.startsWith(begun) || begun.startsWith(tag));
}

/**
 * The answer behind its draft, if it begins with one, as it comes. `isOpen`: it begins inside a draft.
 * Throws what `unfinished` makes where it ends inside one.
 */
export async function* withoutDraft(
  pieces: AsyncIterable<string>,
  { isOpen = false, unfinished }: { readonly isOpen?: boolean; readonly unfinished: () => Error },
): AsyncGenerator<string, void> {
  let part: 'draft' | 'between' | 'answer' = isOpen ? 'draft' : 'between';
  let held = '';
  for await (const piece of pieces) {
    held += piece;
    for (let before: string | undefined; part !== 'answer' && before !== part; ) {
      before = part;
      if (part === 'draft') {
        const end = CLOSED.exec(held);
        held = end ? held.slice(end.index + end[0].length) : held.slice(-LONGEST_TAG);
        if (end) part = 'between';
      } else if (BEGINS_OPENED.test(held)) {
        held = held.replace(BEGINS_OPENED, '');
        part = 'draft';
      } else if (!mayBeginDraft(held)) {
        part = 'answer';
      }
    }
    if (part !== 'answer') continue;
    if (held !== '') yield held;
    held = '';
  }
  if (part === 'draft') throw unfinished();
  if (held !== '') yield held;
}

/**
 * Of a whole answer what stands behind its drafts: those too that the prompt had opened out of sight, that
 * stand in one another or behind other words. Nothing where it ends inside one.
 */
export function behindDrafts(answer: string): string | undefined {
  const rest = answer.split(CLOSED).at(-1)!;
  return OPENED.test(rest) ? undefined : rest;
}
