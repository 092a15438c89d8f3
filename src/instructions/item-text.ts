// What the language model reads of an item: title, attributes by name, and the first words of the
// description.
//   "Northfell Ripstop Tent; brand: Northfell; Ripstop tent made for ..."      "codes: a173 a1 a162"
// The id stands nowhere in it: it says nothing about the item, and a model could learn behaviour by heart
// from it.
import type { Item } from '../interactions/dataset.ts';

export const TEXTLESS_ITEM = 'item without text';

/** What a language model reads of an item; never empty. */
export function itemText(item: Item, descriptionWords: number): string {
  return knownText(item, descriptionWords) || TEXTLESS_ITEM;
}

/**
 * What is known of an item in words, or nothing. `descriptionWords`: how much of the description is kept; 0
 * leaves it out.
 */
export function knownText(item: Item, descriptionWords: number): string {
  const attributes = Object.entries(item.attributes).map(
    ([name, value]) => [name, typeof value === 'object' ? value.join(' ') : String(value)] as const,
  );
  const parts = [
    oneLine(item.title ?? ''),
    ...attributes
      .filter(([, value]) => value.trim() !== '')
      .map(([name, value]) => oneLine(`${name}: ${value}`)),
    oneLine(item.description ?? '')
      .split(' ')
      .slice(0, descriptionWords)
      .join(' '),
  ];
  return parts.filter((part) => part !== '').join('; ');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
