// The sizes of the categories, counted from the items' rows.

export interface Category {
  readonly category: number;
  /** How many items behaviour puts there. */
  readonly items: number;
  /** For how many items it is the language model's first choice. */
  readonly inferredItems: number;
}

/** Counts item by item: its category, -1 where unknown, and the language model's distribution. */
export function countCategories(categoryCount: number) {
  const items = new Int32Array(categoryCount);
  const inferredItems = new Int32Array(categoryCount);
  return {
    add(category: number, inferred: Float32Array): void {
      if (category !== -1) items[category]++;
      inferredItems[inferred.indexOf(Math.max(...inferred))]++;
    },
    categories: (): Category[] =>
      Array.from(items, (count, category) => ({
        category,
        items: count,
        inferredItems: inferredItems[category],
      })),
  };
}
