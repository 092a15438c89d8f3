// Counts in bins that double (data-summary.ts), as bars that fit a terminal of 80 columns.

const WIDTH = 44;
/** Parts of a block, from an eighth on. */
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

export function histogram(bins: readonly number[]): string[] {
  const most = Math.max(...bins);
  const first = bins.findIndex((count) => count > 0);
  const width = Math.max(17, rangeOf(bins.length - 1).length);
  return bins.slice(first).map((count, i) => {
    const range = rangeOf(first + i).padStart(width);
    return `${range}  ${bar(count / most)} ${count.toLocaleString('en')}`;
  });
}

function rangeOf(bin: number): string {
  if (bin < 2) return String(bin);
  const [from, to] = [2 ** (bin - 2) + 1, 2 ** (bin - 1)];
  return from === to
    ? from.toLocaleString('en')
    : `${from.toLocaleString('en')} to ${to.toLocaleString('en')}`;
}

function bar(share: number): string {
  const eighths = Math.round(8 * WIDTH * share);
  const whole = '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
  return share > 0 && whole === '' ? EIGHTHS[1] : whole;
}
