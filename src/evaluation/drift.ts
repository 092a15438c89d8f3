// Whether what was learnt once still fits: what is measured of every night since the last full fit, and from
// when on everything is learnt anew. Each measure is of new interactions, before anything is learnt from
// them. Legend: K categories, U users.
//
// - Unseen items: the share of interactions with items that the encoder was not fitted on.
// - Taste: the distance between the users' category distributions then and now, of the users who were there
//   at the full fit: sum_k |mean_u p_u[k] then - mean_u p_u[k] now| / 2. The means, because one user's
//   distribution also moves by chance, and the more the less is known of that user.
// - Lift: by how much the recommender that reads the adapted features ranks the next item better than the one
//   that learns items from noise, both as they were before the night. On validation of the full fit it was
//   another figure, of models with less to learn from: the two are told side by side. A full fit is due where
//   features have become a burden, not by chance: with least = min(0, lift at the fit) - DRIFT_LIMITS.lift,
//     d_i = ndcg_i(features) - (1 + least) ndcg_i(noise), mean(d) + 3 se(d) < 0.

export interface DriftCounts {
  /** All new interactions, and those with items that the encoder was not fitted on. */
  readonly interactions: number;
  readonly withUnseenItems: number;
  /** NDCG@10 of next items, summed, of n that were asked. */
  readonly asked: number;
  readonly ndcgOfFeatures: number;
  readonly ndcgOfNoise: number;
  /** Sums of d and d^2. */
  readonly differences: number;
  readonly squaredDifferences: number;
}

export const NO_DRIFT: DriftCounts = {
  interactions: 0,
  withUnseenItems: 0,
  asked: 0,
  ndcgOfFeatures: 0,
  ndcgOfNoise: 0,
  differences: 0,
  squaredDifferences: 0,
};

export const sumOfDrift = (a: DriftCounts, b: DriftCounts): DriftCounts => ({
  interactions: a.interactions + b.interactions,
  withUnseenItems: a.withUnseenItems + b.withUnseenItems,
  asked: a.asked + b.asked,
  ndcgOfFeatures: a.ndcgOfFeatures + b.ndcgOfFeatures,
  ndcgOfNoise: a.ndcgOfNoise + b.ndcgOfNoise,
  differences: a.differences + b.differences,
  squaredDifferences: a.squaredDifferences + b.squaredDifferences,
});

/** From where on a full fit is due. */
export const DRIFT_LIMITS = { unseenItems: 0.1, taste: 0.1, lift: 0.1 } as const;
/** Of fewer interactions nothing is said. */
const LEAST_INTERACTIONS = 100;
const STANDARD_ERRORS = 3;

export interface Drift {
  readonly interactions: number;
  readonly unseenItems: number;
  /** From 0, the same, to 1, nothing in common. */
  readonly taste: number;
  /** At the full fit, and since: .12 is 12 % better than from noise. Absent where noise ranks nothing. */
  readonly lift?: { readonly atFit: number; readonly since: number; readonly asked: number };
  /** Why a full fit is due; absent where none is. */
  readonly reason?: string;
}

/** `liftThen` is absent where nothing was compared. */
export function measuredDrift(counts: DriftCounts, taste: number, liftThen: number | undefined): Drift {
  const { interactions, withUnseenItems, asked, ndcgOfFeatures, ndcgOfNoise } = counts;
  const unseenItems = interactions === 0 ? 0 : withUnseenItems / interactions;
  const now = ndcgOfNoise > 0 ? ndcgOfFeatures / ndcgOfNoise - 1 : undefined;
  const lift =
    liftThen === undefined || now === undefined ? undefined : { atFit: liftThen, since: now, asked };
  const drift = { interactions, unseenItems, taste, lift };
  return { ...drift, reason: reasonOf(drift, counts) };
}

/** The distance between the mean distributions of the same users, both [U, K]. */
export function tasteDistance(then: Float32Array, now: Float32Array, K: number): number {
  const difference = new Float64Array(K);
  for (let i = 0; i < then.length; i++) difference[i % K] += now[i] - then[i];
  const users = then.length / K;
  return users === 0 ? 0 : difference.reduce((sum, x) => sum + Math.abs(x), 0) / users / 2;
}

/** Of features over noise, since the last full fit. */
export const leastLift = (atFit: number): number => Math.min(0, atFit) - DRIFT_LIMITS.lift;

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
      `the users' category distributions have moved by ${taste.toFixed(2)} since the last full fit, more ` +
      `than ${DRIFT_LIMITS.taste}`
    );
  if (!lift || lift.asked < LEAST_INTERACTIONS || lift.since >= leastLift(lift.atFit)) return undefined;
  const mean = differences / lift.asked;
  const variance = Math.max(0, squaredDifferences / lift.asked - mean ** 2);
  if (mean + STANDARD_ERRORS * Math.sqrt(variance / lift.asked) >= 0) return undefined;
  return (
    `features lift a recommender by ${percent(lift.since)} on what came since the last full fit, and did ` +
    `by ${percent(lift.atFit)} on validation then`
  );
}
