// What a ranking is asked: each user's history and the item that came next, for the users who have one.
import type { Split } from '../interactions/dataset.ts';
import type { NextItems } from './recommender.ts';

/** Training interactions -> the validation item. */
export function validationItems({ train, validation }: Split): NextItems {
  const users = usersWith(validation);
  return { histories: users.map((u) => train[u]), targets: Int32Array.from(users, (u) => validation[u]) };
}

/** Training interactions and the validation item -> the test item. */
export function testItems({ train, validation, test }: Split): NextItems {
  const users = usersWith(test);
  return {
    histories: users.map((u) => Int32Array.of(...train[u], validation[u])),
    targets: Int32Array.from(users, (u) => test[u]),
  };
}

const usersWith = (items: Int32Array): number[] => Array.from(items.keys()).filter((u) => items[u] >= 0);
