import { readFileSync } from 'node:fs';

/** What a process has used since its start, in ms. */
export interface ProcessUsage {
  /** CPU time of all its threads. */
  readonly cpuMs: number;
  /** How long its container was stopped by a CPU quota; 0 where there is none. */
  readonly throttledMs: number;
}

/** Where Linux tells how long a control group was stopped: of version 2, and of version 1. */
const QUOTA_FILES = ['/sys/fs/cgroup/cpu.stat', '/sys/fs/cgroup/cpu/cpu.stat'];
const READ_INTERVAL_MS = 250;

let throttledMs = 0;
let readAt = Number.NEGATIVE_INFINITY;

/** Cheap enough for every step: the quota's file is read a few times a second. */
export function processUsage(): ProcessUsage {
  if (performance.now() - readAt > READ_INTERVAL_MS) {
    readAt = performance.now();
    throttledMs = readThrottledMs();
  }
  const { user, system } = process.cpuUsage();
  return { cpuMs: (user + system) / 1000, throttledMs };
}

function readThrottledMs(): number {
  for (const file of QUOTA_FILES) {
    try {
      const text = readFileSync(file, 'utf8');
      const micros = /^throttled_usec (\d+)/m.exec(text);
      if (micros) return Number(micros[1]) / 1e3;
      const nanos = /^throttled_time (\d+)/m.exec(text);
      if (nanos) return Number(nanos[1]) / 1e6;
    } catch {
      // Another system, or another version.
    }
  }
  return 0;
}
