import { fileURLToPath } from 'node:url';

/**
 * Files that are built or shipped, not imported. The published package keeps the repository's layout below `dist/`, so one
 * relative path serves both.
 */
const asset = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

export const assets = {
  mirrorWasm: asset('filters/build/mirror.wasm'),
  chaosWasm: asset('filters/build/chaos.wasm'),
  policyOnnx: asset('models/policy.onnx'),
  policyCard: asset('models/policy.json'),
  dashboard: asset('dashboard/build'),
} as const;
