/** Loaded into a process (`node --import`) by the one that forked it: answers any message with what it costs just now. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();
process.on('message', () => {
  const [p99Ms, maxMs] = [delay.percentile(99) / 1e6, delay.max / 1e6];
  process.send?.({ residentMB: process.memoryUsage.rss() / 1e6, p99Ms, maxMs });
  delay.reset();
});
