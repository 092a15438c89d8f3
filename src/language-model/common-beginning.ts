// With how many tokens two texts begin alike, whatever stands for a token.
export function commonBeginning<Token>(a: Iterable<Token>, b: Iterable<Token>): number {
  const others = b[Symbol.iterator]();
  let length = 0;
  for (const token of a) {
    const other = others.next();
    if (other.done || other.value !== token) break;
    length++;
  }
  return length;
}
