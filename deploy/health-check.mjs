// Checks the health of a container. A coordinator is healthy if it answers GET /healthz. Any other
// command is healthy while it runs. This is plain JavaScript, because it runs every few seconds and
// must cost little.
import { readFileSync } from 'node:fs';

const commandLine = readFileSync('/proc/1/cmdline', 'utf8');
if (commandLine.includes('/cli.ts\0coordinator\0')) {
  const port = /\0--port[\0=](\d+)\0/.exec(commandLine)?.[1] ?? 8080;
  const listens = /\0--host[\0=]([^\0]+)\0/.exec(commandLine)?.[1] ?? '0.0.0.0';
  const host = /^[0:.]+$/.test(listens) ? '127.0.0.1' : listens;
  const hasTls = commandLine.includes('\0--tls-cert') || process.env.LOCKSTEP_TLS_CERT;
  const { get } = await import(hasTls ? 'node:https' : 'node:http');
  // The certificate is for the names that others use.
  const address = { host, port, path: '/healthz', rejectUnauthorized: false };
  get(address, ({ statusCode }) => {
    if (statusCode !== 200) throw new Error(`HTTP status ${statusCode}`);
    process.exit();
  });
}
