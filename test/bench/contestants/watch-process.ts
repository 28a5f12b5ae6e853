/**
 * Answers each message from the parent process with this process's resident memory and the delay of
 * its event loop since the last message. The parent loads this file with `node --import`.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();
process.on('message', () => {
  const [p99Ms, maxMs] = [delay.percentile(99) / 1e6, delay.max / 1e6];
  process.send?.({ residentMB: process.memoryUsage.rss() / 1e6, p99Ms, maxMs });
  delay.reset();
});
