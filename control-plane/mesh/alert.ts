/** What calls for a person, by the world it is about. The kinds are few and known before: each is a label of a metric. */
export const alertKinds = {
  production: [
    /** Users suffer, and the guardian has tried what it may. */
    'gave-up',
    /** Users suffer, and nothing is known well enough to be tried. */
    'nothing-confident',
    /** Users suffer, and an order forbids every change. */
    'frozen',
    /** Users are well, and taking a mitigation back waits for approval. */
    'approval',
    /** A mitigation is in force where nothing takes it back. */
    'left-in-force',
    /** Users miss a mitigation that went, and it could not be put back. */
    'not-put-back',
  ],
  shadow: [
    /** Something keeps the chaos loop from its work. */
    'problem',
    /** A fault left traces, and the shadow's state is put back. */
    'not-clean',
  ],
} as const;

export type AlertKind<W extends keyof typeof alertKinds = keyof typeof alertKinds> = (typeof alertKinds)[W][number];
