// A process that asks a folder's code what it never answers: node ask-and-never-end.ts
import { isolatedCode } from '../../src/language-model/isolated/isolated-code.ts';

await isolatedCode().ask(
  'match',
  { expression: '^(a+)+$', names: [`${'a'.repeat(60)}b`] },
  {
    subject: 'the expression',
    advice: 'end it',
    amount: { text: 1e8 }, // which gives it a quarter of an hour
    refusal: (message) => {
      throw new Error(message);
    },
  },
);
