// The draft that a reasoning model writes before its answer, in tags of its own: <think>...</think>. It is no
// part of the answer.

const NAMES = ['<think', '<thinking', '<thought', '<reasoning', '<seed:think'];
const OPENING = [...NAMES.map((name) => `${name}>`), '[think]'];
const CLOSING = [...NAMES.map((name) => `${name.replace('<', '</')}>`), '[/think]'];
const anyOf = (tags: readonly string[]) => tags.map((tag) => tag.replace(/[[\]]/g, '\\$&')).join('|');
const OPENED = new RegExp(`^\\s*(?:${anyOf(OPENING)})`, 'i');
const CLOSED = new RegExp(anyOf(CLOSING), 'i');
const LONGEST_TAG = Math.max(...CLOSING.map(({ length }) => length));

/** Room for a draft, beside what an answer needs. */
export const DRAFT_TOKENS = 4096;

/** Whether an answer behind this prompt begins inside a draft: some chat templates open it. */
export const opensDraft = (prompt: string): boolean =>
  OPENING.some((tag) => prompt.trimEnd().toLowerCase().endsWith(tag));

/** Whether an answer that begins with these characters may be a draft's beginning. */
export function mayBeginDraft(text: string): boolean {
  const begun = text.trimStart().toLowerCase();
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
      } else if (OPENED.test(held)) {
        held = held.replace(OPENED, '');
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
 * Of a whole answer what stands behind its drafts, those too that the prompt had opened out of sight; nothing
 * where it ends inside one.
 */
export function behindDrafts(answer: string): string | undefined {
  const rest = answer.split(CLOSED).at(-1)!;
  return OPENED.test(rest) ? undefined : rest;
}
