// Texts -> sparse rows of term weights: lower-case words and pairs of neighbouring words, weighted by
//   w = (1 + ln tf) * (ln((1 + n) / (1 + df)) + 1), rows scaled to unit length,
// which is scikit-learn's TfidfVectorizer(sublinear_tf=True, min_df=2, ngram_range=(1, 2)), vocabulary order
// included. It deviates only where the Unicode tables of Python and JavaScript differ (what lower case or a
// letter is).
//   n texts, F terms; a matrix is in CSR: row i holds entries [rowStart[i], rowStart[i + 1]) of columns and
//   values.

export interface SparseMatrix {
  readonly rowCount: number;
  readonly columnCount: number;
  readonly rowStart: Int32Array;
  readonly columns: Int32Array;
  readonly values: Float64Array;
}

export interface TermWeights {
  /** terms[f], sorted by code point as in scikit-learn. */
  readonly terms: readonly string[];
  /** [F], ln((1 + n) / (1 + df)) + 1 */
  readonly inverseDocumentFrequency: Float64Array;
}

/** A term of a single text says nothing about how texts relate. */
const MIN_TEXTS = 2;

/** `maxTextShare`: terms in more than this share of the texts are left out; 1 keeps them all. */
export function fitTermWeights(texts: readonly string[], maxTextShare: number): TermWeights {
  const textCounts = new Map<string, number>();
  for (const text of texts)
    for (const term of countTerms(text).keys()) textCounts.set(term, (textCounts.get(term) ?? 0) + 1);
  const kept = [...textCounts].filter(([, df]) => df >= MIN_TEXTS && df <= maxTextShare * texts.length);
  kept.sort(([a], [b]) => compareCodePoints(a, b));
  return {
    terms: kept.map(([term]) => term),
    inverseDocumentFrequency: Float64Array.from(
      kept,
      ([, df]) => Math.log((1 + texts.length) / (1 + df)) + 1,
    ),
  };
}

/** Terms that the vocabulary does not have are passed over; a text without any is a row of zeros. */
export function termWeighing({
  terms,
  inverseDocumentFrequency,
}: TermWeights): (texts: readonly string[]) => SparseMatrix {
  const columnOf = new Map(terms.map((term, column) => [term, column]));
  return (texts) => {
    const rowStart = new Int32Array(texts.length + 1);
    const columns: number[] = [];
    const values: number[] = [];
    texts.forEach((text, row) => {
      const weights: [column: number, weight: number][] = [];
      for (const [term, tf] of countTerms(text)) {
        const column = columnOf.get(term);
        if (column === undefined) continue;
        weights.push([column, (1 + Math.log(tf)) * inverseDocumentFrequency[column]]);
      }
      const norm = Math.sqrt(weights.reduce((sum, [, weight]) => sum + weight * weight, 0));
      for (const [column, weight] of weights.sort(([a], [b]) => a - b)) {
        columns.push(column);
        values.push(weight / norm);
      }
      rowStart[row + 1] = columns.length;
    });
    return {
      rowCount: texts.length,
      columnCount: terms.length,
      rowStart,
      columns: Int32Array.from(columns),
      values: Float64Array.from(values),
    };
  };
}

function countTerms(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  const add = (term: string) => counts.set(term, (counts.get(term) ?? 0) + 1);
  // Words of two or more letters, digits or underscores: scikit-learn's token pattern.
  const words = text.toLowerCase().match(/[\p{L}\p{N}_]{2,}/gu) ?? [];
  words.forEach((word, i) => {
    add(word);
    if (i > 0) add(`${words[i - 1]} ${word}`);
  });
  return counts;
}

/** JavaScript's own order is by UTF-16 unit, which differs above U+FFFF. */
function compareCodePoints(a: string, b: string): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a.charCodeAt(i) !== b.charCodeAt(i)) return a.codePointAt(i)! - b.codePointAt(i)!;
  }
  return a.length - b.length;
}
