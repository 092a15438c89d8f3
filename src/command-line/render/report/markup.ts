// Pages as template literals. What is put into one is text, and escaped, unless it is markup itself.

export interface Markup {
  readonly markup: string;
}

type Content = string | number | Markup | undefined | readonly Content[];

export const markup = (texts: TemplateStringsArray, ...contents: readonly Content[]): Markup => ({
  markup: String.raw({ raw: texts }, ...contents.map(rendered)),
});

function rendered(content: Content): string {
  if (content === undefined) return '';
  if (typeof content !== 'object')
    return String(content).replace(/[&<>"']/g, (character) => ESCAPES[character]);
  return 'markup' in content ? content.markup : content.map(rendered).join('');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
