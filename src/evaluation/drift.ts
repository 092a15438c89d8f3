// Whether what was learnt once still fits: what is measured of every night since the last full fit, and from
// when on everything is learnt anew. Each measure is of new interactions, before anything is learnt from them.
//   K categories; m new interactions of users who were there at the full fit.
//
// - Unseen items: the share of interactions with items that the encoder was not fitted on.
// - Taste: what users do now against what they did then. e_k is the mean of these users' distributions at the
//   full fit, an entry for each interaction, o_k the share of the interactions that are of category k:
//     distance = sum_k |e_k - o_k| / 2, less what chance alone makes of m draws from e,
//     E = sum_k sqrt(2 e_k (1 - e_k) / (pi m)) / 2.
// - Lift: by how much the recommender that reads the adapted features ranks the next item better than the one
//   that learns items from noise, both as they were before the night, against the same on validation then.
//   It is crossed where the loss of lift is larger than DRIFT_LIMITS.lift, and not by chance:
//     d_i = ndcg_i(features) - (1 + lift then) ndcg_i(noise), mean(d) + 3 se(d) < 0.

export interface DriftCounts {
  /** All new interactions, and those with items that the encoder was not fitted on. */
  readonly interactions: number;
  readonly withUnseenItems: number;
  /** [K]; sums of e and o over the m interactions of users who were there. */
  readonly expected: readonly number[];
  readonly observed: readonly number[];
  /** NDCG@10 of next items, summed, of n that were asked. */
  readonly asked: number;
  readonly ndcgOfFeatures: number;
  readonly ndcgOfNoise: number;
  /** Sums of d and d^2. */
  readonly differences: number;
  readonly squaredDifferences: number;
}

export const noDrift = (K: number): DriftCounts => ({
  interactions: 0,
  withUnseenItems: 0,
  expected: Array<number>(K).fill(0),
  observed: Array<number>(K).fill(0),
  asked: 0,
  ndcgOfFeatures: 0,
  ndcgOfNoise: 0,
  differences: 0,
  squaredDifferences: 0,
});

export const sumOfDrift = (a: DriftCounts, b: DriftCounts): DriftCounts => ({
  interactions: a.interactions + b.interactions,
  withUnseenItems: a.withUnseenItems + b.withUnseenItems,
  expected: a.expected.map((x, k) => x + b.expected[k]),
  observed: a.observed.map((x, k) => x + b.observed[k]),
  asked: a.asked + b.asked,
  ndcgOfFeatures: a.ndcgOfFeatures + b.ndcgOfFeatures,
  ndcgOfNoise: a.ndcgOfNoise + b.ndcgOfNoise,
  differences: a.differences + b.differences,
  squaredDifferences: a.squaredDifferences + b.squaredDifferences,
});

/** From where on a full fit is due. */
export const DRIFT_LIMITS = { unseenItems: 0.1, taste: 0.15, lift: 0.1 } as const;
/** Of fewer interactions nothing is said. */
const LEAST_INTERACTIONS = 100;
const STANDARD_ERRORS = 3;

export interface Drift {
  readonly interactions: number;
  readonly unseenItems: number;
  /** What is left of the distance when what chance makes of it is taken off; never below 0. */
  readonly taste: number;
  /** Then, and since: .12 is 12 % better than from noise. Absent where noise ranks nothing. */
  readonly lift?: { readonly then: number; readonly now: number; readonly asked: number };
  /** Why a full fit is due; absent where none is. */
  readonly reason?: string;
}

/** `liftThen` is absent where nothing was compared. */
export function measuredDrift(counts: DriftCounts, liftThen: number | undefined): Drift {
  const { interactions, withUnseenItems, asked, ndcgOfFeatures, ndcgOfNoise } = counts;
  const unseenItems = interactions === 0 ? 0 : withUnseenItems / interactions;
  const taste = tasteDistance(counts);
  const now = ndcgOfNoise > 0 ? ndcgOfFeatures / ndcgOfNoise - 1 : undefined;
  const lift = liftThen === undefined || now === undefined ? undefined : { then: liftThen, now, asked };
  const drift = { interactions, unseenItems, taste, lift };
  return { ...drift, reason: reasonOf(drift, counts) };
}

function tasteDistance({ expected, observed }: DriftCounts): number {
  const m = observed.reduce((sum, count) => sum + count, 0);
  if (m < LEAST_INTERACTIONS) return 0;
  const distance = expected.reduce((sum, e, k) => sum + Math.abs(e - observed[k]) / m / 2, 0);
  const byChance = expected.reduce((sum, e) => {
    const share = Math.min(1, e / m);
    return sum + Math.sqrt((2 * share * (1 - share)) / (Math.PI * m)) / 2;
  }, 0);
  return Math.max(0, distance - byChance);
}

function reasonOf(
  { interactions, unseenItems, taste, lift }: Drift,
  { differences, squaredDifferences }: DriftCounts,
): string | undefined {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  if (interactions >= LEAST_INTERACTIONS && unseenItems > DRIFT_LIMITS.unseenItems)
    return (
      `${percent(unseenItems)} of the interactions since the last full fit are with items that it had not ` +
      `seen, more than ${percent(DRIFT_LIMITS.unseenItems)}`
    );
  if (taste > DRIFT_LIMITS.taste)
    return (
      `what users do has moved away from their distributions at the last full fit by ${taste.toFixed(2)}, ` +
      `more than ${DRIFT_LIMITS.taste}`
    );
  if (!lift || lift.asked < LEAST_INTERACTIONS || lift.then - lift.now <= DRIFT_LIMITS.lift) return undefined;
  const mean = differences / lift.asked;
  const variance = Math.max(0, squaredDifferences / lift.asked - mean ** 2);
  if (mean + STANDARD_ERRORS * Math.sqrt(variance / lift.asked) >= 0) return undefined;
  return (
    `features lift a recommender by ${percent(lift.now)} on what came since the last full fit, and did by ` +
    `${percent(lift.then)} on validation then`
  );
}
