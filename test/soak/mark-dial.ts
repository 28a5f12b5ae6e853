/**
 * Loaded into a worker: writes a line when the worker opens its first connection, and the process's
 * peak memory when it ends. Both are JSON, on standard error.
 */
import { subscribe } from 'node:diagnostics_channel';
import { writeSync } from 'node:fs';

const now = () => performance.timeOrigin + performance.now();

subscribe('net.client.socket', () => {
  writeSync(
    2,
    `${JSON.stringify({ event: 'dial', startedAt: performance.timeOrigin, now: now() })}\n`,
  );
});
