// Is a difference more than luck? Fisher's randomisation test on paired figures, which assumes no distribution (Smucker,
// Allan and Carterette, CIKM 2007, who recommend it for rankings).
import { createRandom } from '../random.ts';

const SHUFFLES = 10_000;

/**
 * Two-sided p: how often the mean of a - b, each difference with a random sign, is at least as far from 0 as it is. a[i]
 * and b[i] are of the same user.
 */
export function pairedRandomisationTest(a: Float64Array, b: Float64Array): number {
  const differences = a.map((x, i) => x - b[i]).filter((x) => x !== 0);
  const observed = Math.abs(differences.reduce((sum, x) => sum + x, 0));
  const random = createRandom('paired randomisation test');
  let asFar = 0;
  for (let shuffle = 0; shuffle < SHUFFLES; shuffle++) {
    let sum = 0;
    let bits = 0;
    for (let i = 0; i < differences.length; i++) {
      if (i % 32 === 0) bits = random.integer(2 ** 32);
      sum += bits & 1 ? differences[i] : -differences[i];
      bits >>>= 1;
    }
    if (Math.abs(sum) >= observed - 1e-12) asFar++;
  }
  return (asFar + 1) / (SHUFFLES + 1);
}
