/** Loaded into a command: writes the process's peak memory to standard error when it ends. */
import { writeSync } from 'node:fs';
import { peakMemoryMB } from './lockstep-process.ts';

process.on('exit', () => {
  writeSync(2, `\npeak ${peakMemoryMB(process.pid)} MB\n`);
});
