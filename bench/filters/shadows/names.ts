/** Shadows beside those of test/filters/bad-shadows.ts. */
export const WELL = 'answers well';
export const GONE = 'is gone';
