import Type, { type Static } from 'typebox';

const Count = (description?: string) => Type.Integer({ minimum: 0, ...(description ? { description } : {}) });
const Time = (description: string) => Type.Number({ description: `${description}, ms since the epoch.` });
const Share = (description: string) => Type.Number({ minimum: 0, maximum: 1, description });
const strict = { additionalProperties: false };
const PlanText = Type.Array(Type.String(), { description: 'Steps in order, each `kind@target×strength`.' });

const ReportPattern = Type.Object(
  {
    signature: Type.String(),
    plan: PlanText,
    trials: Count(),
    successes: Count(),
    controlFailed: Count('Paired trials without action that did not recover.'),
  },
  strict,
);

export const ReportIncident = Type.Object(
  {
    trouble: Type.Optional(Type.String({ description: 'What caused it, where whoever started it told us.' })),
    onset: Time('When goodput began to suffer'),
    detectedAt: Time('When the detector said so'),
    firstActionAt: Type.Optional(Time('When the first mitigation was applied')),
    recoveredAt: Type.Optional(Time('When goodput was back')),
    goodputBefore: Type.Number({ description: 'good/s at the users’ entry' }),
    goodputDuring: Type.Number({ description: 'The lowest good/s between onset and recovery' }),
    goodputAfter: Type.Optional(Type.Number()),
    plan: PlanText,
    source: Type.Union([Type.Literal('pattern'), Type.Literal('policy'), Type.Literal('none')]),
    undone: Count('Mitigations of it that were taken back.'),
  },
  strict,
);

const ShareOrNull = (description: string) => Type.Union([Share(description), Type.Null()]);

export const ReportRoute = Type.Object(
  {
    route: Type.String({ description: 'Of the Shadow document, or a protected prefix; other: what is of none.' }),
    compared: Count('Answers of the unfaulted shadow held against production’s.'),
    status: ShareOrNull('Share of them with production’s status.'),
    structure: ShareOrNull('Of those with one status, the share with one structure.'),
    pairs: Count('Requests sent to the shadow twice, both answered.'),
    noiseFloor: ShareOrNull('Share of these pairs that differ: says nothing of the shadow.'),
    score: ShareOrNull('Agreement corrected by the noise floor; null: the note says why.'),
    interval: Type.Union([
      Type.Tuple([Share('Lower limit.'), Share('Upper limit.')], { description: '95% of the score.' }),
      Type.Null(),
    ]),
    note: Type.Union([Type.String(), Type.Null()]),
  },
  strict,
);

/** What a run did, as `npm start -- --report FILE` writes it and `umbra report FILE` prints it. */
export const Report = Type.Object(
  {
    notes: Type.Optional(
      Type.Array(Type.String(), { description: 'What its counts lack of the run; absent: nothing known.' }),
    ),
    traffic: Type.Object(
      {
        offered: Count('Requests users sent to production.'),
        good: Count('Those answered well and within the SLO.'),
        mirrored: Count('Copies the shadow took.'),
        mirrorDropped: Count('Copies sampled but not sent or not answered.'),
      },
      strict,
    ),
    shadow: Type.Object(
      {
        episodes: Count(),
        faultsInjected: Count(),
        byKind: Type.Record(Type.String(), Count(), { description: 'Faults injected by kind.' }),
        failuresDetected: Count('Faulted episodes in which the detector saw symptoms.'),
        mitigationsTried: Count(),
        mitigationsSuccessful: Count('Those kept by their trial.'),
        patterns: Type.Array(ReportPattern),
        fidelity: Type.Union([Share('How far the unfaulted shadow answers as production does.'), Type.Null()]),
        fidelityByRoute: Type.Array(ReportRoute, { description: 'The worst first.' }),
        leakedWrites: Type.Union([Count('Writes of the shadow found in production’s state or outside.'), Type.Null()], {
          description: 'null: nobody compared the states.',
        }),
        denied: Type.Record(Type.String(), Count(), {
          description: 'Attempts of the shadow to leave its walls that were denied, by wall.',
        }),
        deniedTargets: Type.Array(Type.Object({ what: Type.String(), count: Count() }, strict), {
          description: 'What it tried to reach, the most often tried first, at most 20.',
        }),
        unfaultedShare: Share('Share of the shadow’s time without a fault.'),
      },
      strict,
    ),
    production: Type.Object(
      {
        incidents: Type.Array(ReportIncident),
        falseAlarms: Count(
          'Incidents that no trouble explains; where troubles are not known, those in which users lost less than 5%.',
        ),
      },
      strict,
    ),
    xds: Type.Object({ pushes: Count(), acks: Count(), nacks: Count() }, strict),
    learning: Type.Object(
      {
        trainingSteps: Count(),
        loss: Type.Union([Type.Number(), Type.Null()]),
        policyVersion: Type.String(),
      },
      strict,
    ),
  },
  { ...strict, title: 'Report', description: 'What a run of Umbra did.' },
);
export type Report = Static<typeof Report>;
export type ReportRoute = Static<typeof ReportRoute>;
export type ReportIncident = Static<typeof ReportIncident>;
