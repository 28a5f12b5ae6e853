import { readFileSync } from 'node:fs';

/** Times of a process, in ms. */
export interface ProcessUsage {
  /** The CPU time of all its threads since its start. */
  readonly cpuMs: number;
  /** How long a CPU quota has stopped its container, ever since that started. 0 without a quota. */
  readonly throttledMs: number;
}

/** Linux's files with the time that a control group was stopped: of version 2, and of version 1. */
const QUOTA_FILES = ['/sys/fs/cgroup/cpu.stat', '/sys/fs/cgroup/cpu/cpu.stat'];
const READ_INTERVAL_MS = 250;

let throttledMs = 0;
let readAt = Number.NEGATIVE_INFINITY;

/** The usage of this process. Cheap enough for every step: reads the quota's file every 250 ms. */
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
      // This is another system, or another version of control groups.
    }
  }
  return 0;
}
