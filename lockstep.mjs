#!/usr/bin/env node
// The command as npm and npx start it. This is plain JavaScript that needs no package, because it
// must say what is missing on any Node that the user has, and before the packages are installed.
// A checkout runs its TypeScript. An installed package has JavaScript, which `npm pack` has built.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const NODE_MIN = 24;
const folder = fileURLToPath(new URL('./', import.meta.url));
const isCheckout = existsSync(new URL('cli.ts', import.meta.url));

function fail(message) {
  console.error(`error: ${message}`);
  process.exit(1);
}

await import('commander').catch((error) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  fail(`the packages of Lockstep are not installed: run "npm ci" in ${folder}`);
});
if (isCheckout && !process.features.typescript) {
  fail(
    `Node ${process.versions.node} reads no TypeScript: run "npx lockstep" in ${folder}, which ` +
      'brings its own Node, or install Node 24.',
  );
}
if (Number.parseInt(process.versions.node, 10) < NODE_MIN && !isCheckout)
  fail(`Node ${process.versions.node} is too old: Lockstep needs Node ${NODE_MIN} or newer.`);
await import(isCheckout ? './cli.ts' : './dist/cli.js');
