// The frequencies of rotary positions (RoPE, Su et al., arXiv 2104.09864), and how models that were trained
// on short texts are stretched to long ones. Formulas and rounding as in transformers 5.23
// (modeling_rope_utils.py), because the weights were trained with them. "dynamic" is not here: it departs
// from the plain form only behind a model's last position, where no text is read.

export type RopeScaling =
  | { readonly rope_type: 'linear'; readonly factor: number }
  | {
      readonly rope_type: 'llama3';
      readonly factor: number;
      readonly low_freq_factor: number;
      readonly high_freq_factor: number;
      readonly original_max_position_embeddings: number;
    }
  | {
      readonly rope_type: 'yarn';
      readonly factor: number;
      readonly original_max_position_embeddings: number;
      readonly attention_factor?: number | null;
      readonly beta_fast?: number | null;
      readonly beta_slow?: number | null;
      readonly mscale?: number | null;
      readonly mscale_all_dim?: number | null;
      readonly truncate?: boolean | null;
    };

export interface RopeFrequencies {
  /** Radians a position, by pair [h / 2]. */
  readonly frequencies: readonly number[];
  /** What rotated vectors are multiplied by. */
  readonly scale: number;
}

/** h: width of a head. */
export function ropeFrequencies(h: number, theta: number, scaling?: RopeScaling): RopeFrequencies {
  const plain = Array.from({ length: h / 2 }, (_, i) => Math.fround(1 / Math.fround(theta ** ((2 * i) / h))));
  switch (scaling?.rope_type) {
    case undefined:
      return { frequencies: plain, scale: 1 };
    case 'linear':
      return { frequencies: plain.map((frequency) => Math.fround(frequency / scaling.factor)), scale: 1 };
    case 'llama3':
      return { frequencies: plain.map((frequency) => llama3(frequency, scaling)), scale: 1 };
    case 'yarn':
      return { frequencies: yarn(plain, theta, scaling), scale: yarnScale(scaling) };
  }
}

/** Long waves are stretched by the factor, short ones stay, those between go from one to the other. */
function llama3(frequency: number, scaling: RopeScaling & { rope_type: 'llama3' }): number {
  const {
    factor,
    low_freq_factor: low,
    high_freq_factor: high,
    original_max_position_embeddings: before,
  } = scaling;
  const wavelength = (2 * Math.PI) / frequency;
  if (wavelength > before / low) return Math.fround(frequency / factor);
  if (wavelength < before / high) return frequency;
  const smooth = (before / wavelength - low) / (high - low);
  return Math.fround(((1 - smooth) * frequency) / factor + smooth * frequency);
}

/**
 * YaRN (Peng et al., arXiv 2309.00071, section 3.2): pairs that turn often within the trained length stay,
 * slow ones are stretched.
 */
function yarn(
  plain: readonly number[],
  theta: number,
  scaling: RopeScaling & { rope_type: 'yarn' },
): number[] {
  const { factor, original_max_position_embeddings: before, beta_fast, beta_slow, truncate } = scaling;
  const h = 2 * plain.length;
  const pairOfTurns = (turns: number) =>
    (h * Math.log(before / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const [first, last] = [pairOfTurns(beta_fast || 32), pairOfTurns(beta_slow || 1)];
  const low = Math.max(0, truncate === false ? first : Math.floor(first));
  const high = Math.min(h - 1, truncate === false ? last : Math.ceil(last));
  const width = high === low ? 0.001 : high - low;
  return plain.map((frequency, i) => {
    const stretched = Math.min(1, Math.max(0, (i - low) / width));
    return Math.fround((frequency / factor) * stretched + frequency * (1 - stretched));
  });
}

function yarnScale({
  factor,
  attention_factor,
  mscale,
  mscale_all_dim,
}: RopeScaling & { rope_type: 'yarn' }): number {
  if (attention_factor !== undefined && attention_factor !== null) return attention_factor;
  const temperature = (m: number) => (factor <= 1 ? 1 : 0.1 * m * Math.log(factor) + 1);
  return mscale && mscale_all_dim ? temperature(mscale) / temperature(mscale_all_dim) : temperature(1);
}
