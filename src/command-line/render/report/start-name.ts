import { RANDOM_ARM } from '../../../evaluation/compare.ts';

/** The random start has one mode, which goes without saying. */
export const startName = ({ arm, mode }: { readonly arm: string; readonly mode: string }): string =>
  arm === RANDOM_ARM ? arm : `${arm} ${mode}`;
