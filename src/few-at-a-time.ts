// Work on many things, a few at a time.

/**
 * The results in the order of the items. After a failure nothing begins; what is under way is still waited
 * for, so that none of it is lost or goes on unseen, before the failure is thrown.
 */
export async function fewAtATime<Item, Result>(
  few: number,
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const failures: unknown[] = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [i, item] of queue) {
      if (failures.length > 0) return;
      try {
        results[i] = await work(item);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: few }, worker));
  if (failures.length > 0) throw failures[0];
  return results;
}
