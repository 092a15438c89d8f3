// Item texts -> dense vectors without any language model: TF-IDF, then a truncated SVD (latent semantic
// analysis, Deerwester et al. 1990). The baseline that every language model has to beat, and a good companion
// to one. Equal to scikit-learn's TfidfVectorizer + TruncatedSVD(algorithm="randomized") up to the
// convergence of the SVD.
//   N texts, F terms, d width; vectors [N, d] = X V, components V^T as [F, d], row-major.
import path from 'node:path';
import { writeFileAtomically } from '../files.ts';
import { type NamedTensor, readSafetensors, writeSafetensors } from '../formats/safetensors.ts';
import { readNamedText } from '../named-file.ts';
import { fitTermWeights, type SparseMatrix, type TermWeights, termWeighing } from './tf-idf.ts';
import { truncatedSvd } from './truncated-svd.ts';

/** What later texts need to get comparable vectors: plain strings and typed arrays. */
export interface TextFeatureModel extends TermWeights {
  /** [F, d] */
  readonly components: Float32Array;
  /** [d], falling: components come in the order of how much they explain. */
  readonly singularValues: Float64Array;
  /** d; less than was asked for where the texts do not span as much, 0 where no term occurs in two texts. */
  readonly width: number;
}

export interface TextFeatureOptions {
  readonly width: number;
  readonly seed: string | number;
  /** Terms in more than this share of the texts are left out; 1, the default, keeps them all. */
  readonly maxTextShare?: number;
}

/** A text without a known term, an empty one above all, has a vector of zeros. */
export function fitTextFeatures(
  texts: readonly string[],
  { width, seed, maxTextShare = 1 }: TextFeatureOptions,
): { vectors: Float32Array; model: TextFeatureModel } {
  const termWeights = fitTermWeights(texts, maxTextShare);
  const x = termWeighing(termWeights)(texts);
  const { singularValues, components } = truncatedSvd(x, width, seed);
  const model = { ...termWeights, components, singularValues, width: singularValues.length };
  return { vectors: project(x, model), model };
}

/** The vectors [N, d] of other texts in the space of the fitted ones; of the same texts, the same vectors. */
export function textTransform(model: TextFeatureModel): (texts: readonly string[]) => Float32Array {
  const weigh = termWeighing(model);
  return (texts) => project(weigh(texts), model);
}

const FILES = { terms: 'vocabulary.txt', weights: 'text-features.safetensors' } as const;

/** The terms one a line, and beside them their weights and the components. */
export function saveTextFeatures(folder: string, model: TextFeatureModel): void {
  const { terms, inverseDocumentFrequency, components, singularValues, width } = model;
  writeFileAtomically(
    path.join(folder, FILES.terms),
    terms.map((term) => `${term}\n`),
  );
  writeSafetensors(
    path.join(folder, FILES.weights),
    new Map([
      ['inverse_document_frequency', vectorOf(inverseDocumentFrequency)],
      ['components', { shape: [terms.length, width], values: components }],
      ['singular_values', vectorOf(singularValues)],
    ]),
  );
}

const vectorOf = (values: Float64Array): NamedTensor => ({
  shape: [values.length],
  values: Float32Array.from(values),
});

export async function loadTextFeatures(folder: string): Promise<TextFeatureModel> {
  const { tensors } = await readSafetensors(path.join(folder, FILES.weights));
  const lines = await readNamedText(path.join(folder, FILES.terms), LARGEST_VOCABULARY);
  const singularValues = Float64Array.from(tensors.get('singular_values')!.values);
  return {
    terms: lines.split('\n').slice(0, -1),
    inverseDocumentFrequency: Float64Array.from(tensors.get('inverse_document_frequency')!.values),
    components: tensors.get('components')!.values,
    singularValues,
    width: singularValues.length,
  };
}

/** What a string can hold. */
const LARGEST_VOCABULARY = 5e8;

/** X V */
function project(x: SparseMatrix, { components, width }: TextFeatureModel): Float32Array {
  const vectors = new Float32Array(x.rowCount * width);
  const vector = new Float64Array(width);
  for (let row = 0; row < x.rowCount; row++) {
    vector.fill(0);
    for (let e = x.rowStart[row]; e < x.rowStart[row + 1]; e++) {
      const v = x.columns[e] * width;
      for (let j = 0; j < width; j++) vector[j] += x.values[e] * components[v + j];
    }
    vectors.set(vector, row * width);
  }
  return vectors;
}
