import type { HealthyService, ServiceWindow } from '../mesh/snapshot.ts';
import type { ServiceId } from '../mesh/topology.ts';
import { TwoOfThree } from './cusum.ts';
import type { RawSymptom } from './edge-symptoms.ts';

/** Watches one service's machine side: CPU, memory, replicas that do not answer. */
export interface ServiceWatch {
  update(at: number, windowMs: number, w: ServiceWindow, healthy: HealthyService | undefined): RawSymptom[];
}

/** Memory this much above the healthy state is a symptom even far from any limit. */
const MEMORY_GROWTH = 64 * 1024 * 1024;

export function createServiceWatch(service: ServiceId): ServiceWatch {
  const cpu = new TwoOfThree();
  const memory = new TwoOfThree();
  const unready = new TwoOfThree();

  return {
    update(at, windowMs, w, healthy) {
      const symptoms: RawSymptom[] = [];
      const target = { service };
      const burning = w.cpuMax > 0.85 && (!healthy || w.cpuMax > 1.5 * healthy.cpu + 0.1);
      const c = cpu.update(at, windowMs, burning);
      if (c.active) symptoms.push({ kind: 'cpu', target, severity: clamp(w.cpuMax), since: c.since ?? at });

      const ofLimit = w.memoryLimit > 0 ? w.memoryMax / w.memoryLimit : 0;
      const grown = healthy ? w.memoryMax > 1.5 * healthy.memory + MEMORY_GROWTH : false;
      const m = memory.update(at, windowMs, ofLimit > 0.9 || grown);
      if (m.active) {
        const growth = healthy && w.memoryMax > 0 ? 1 - healthy.memory / w.memoryMax : 0;
        symptoms.push({ kind: 'memory', target, severity: clamp(Math.max(ofLimit, growth)), since: m.since ?? at });
      }

      const missing = w.replicas > 0 ? 1 - Math.min(1, w.ready / w.replicas) : 0;
      const u = unready.update(at, windowMs, missing > 0 || w.restarts > 0);
      if (u.active)
        symptoms.push({
          kind: 'unready',
          target,
          severity: clamp(Math.max(missing, w.restarts > 0 ? 0.3 : 0.1)),
          since: u.since ?? at,
        });
      return symptoms;
    },
  };
}

const clamp = (x: number) => (Number.isFinite(x) ? Math.min(1, Math.max(0, x)) : 0);
