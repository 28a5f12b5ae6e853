import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { StepRecord } from '../../coordinator/training/ledger.ts';
import { chromium } from '../support/browser/chromium.ts';
import { GONE, useDashboards } from '../support/browser/dashboard.ts';
import { firefox, startFirefox } from '../support/browser/firefox.ts';
import {
  type Status,
  setFrozen,
  startTab,
  untilStatus,
  untilStep,
  untilTab,
} from '../support/browser/tab.ts';
import { startContainerCluster, TOKEN } from '../support/containers/container-cluster.ts';
import { docker, hasEngine } from '../support/containers/docker.ts';
import { runToDone, startCli } from '../support/processes/cli.ts';
import { NEEDS_PYTHON, python, startPythonWorker } from '../support/processes/python-worker.ts';
import { recordsOf, toyRun } from '../support/processes/toy-cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A browser that starts on a busy machine takes a minute. */
const TIMEOUT_MS = 420_000;
const canRun = hasEngine && chromium && python;

/** The run, which every browser can compute. It lasts longer than all that happens to it. */
function runFlags(): string[] {
  const flags = [...toyRun({ epochs: 12 }), '--numerics', 'strict'];
  // The user of the container has another number.
  chmodSync(flags[flags.indexOf('--data-dir') + 1], 0o755);
  return flags;
}

const countReady = ({ workers }: Status, runtime: RegExp): number =>
  workers.filter((each) => each.state !== 'preparing' && runtime.test(each.runtime)).length;

/** The names of those who gave the sums of a run, without what is different each time. */
function authorsOf(records: readonly StepRecord[]): string[] {
  const sums = records.flatMap(({ work, copies = [] }) => [...work, ...copies]);
  return [...new Set(sums.map(([, , worker]) => worker?.replace(/\W.*$/, '') ?? 'coordinator'))];
}

vi.setConfig({ testTimeout: TIMEOUT_MS });

describe.skipIf(!canRun)(`workers of every kind in one run ${NEEDS_PYTHON}`, () => {
  const open = useDashboards();

  /** Starts the workers of a cluster in which one is in a container. */
  async function startOthers(url: string) {
    const socket = url.replace('http', 'ws');
    const env = { LOCKSTEP_TOKEN: TOKEN };
    const startNode = () =>
      startCli(['worker', socket, '--threads', '2', '--name', 'node', '--json'], { env });
    const openTab = async () => {
      const tab = await open(`${url}/join#token=${TOKEN}`, { expected: GONE });
      await startTab(tab);
      return tab;
    };
    const killed = startNode();
    const calculator = startPythonWorker(socket, undefined, ['--token', TOKEN]);
    const [slept, closed] = [await openTab(), await openTab()];
    const fox = firefox ? await startFirefox() : undefined;
    await fox?.open(`${url}/join#token=${TOKEN}`);
    await fox?.evaluate('document.querySelector("button.main").click() ?? ""');
    return { startNode, killed, calculator, slept, closed, fox };
  }

  test('end at one hash, with a kill, a frozen tab, a reload and a close', async () => {
    const flags = runFlags();
    const tabCount = firefox ? 3 : 2;
    const count = tabCount + 3;
    const cluster = await startContainerCluster(...flags, '--min-workers', String(count));
    const { url } = cluster;
    const run = cluster.watch();
    const until = (isIt: (status: Status) => boolean) => untilStatus(url, isIt, TOKEN);
    const untilTabs = (wanted: number) => until((now) => countReady(now, /^browser/) === wanted);
    const pass = async (steps: number) => {
      const { step } = await until(() => true);
      await untilStep(url, step + steps, TOKEN);
    };
    const container = await cluster.startWorker();
    const { startNode, killed, calculator, slept, closed, fox } = await startOthers(url);
    await run.next('progress', ({ worldSize }) => worldSize === count);
    await pass(20);

    await setFrozen(slept, true);
    killed.child.kill('SIGKILL');
    await pass(30);
    const node = startNode();
    await node.next('joined');
    await setFrozen(slept, false);
    await untilTabs(tabCount);

    if (fox) await fox.open(`${url}/join`);
    else await slept.page.reload();
    await untilTabs(tabCount);
    await closed.page.close();
    await pass(30);
    const status = await untilTabs(tabCount - 1);
    expect(countReady(status, /^node$/)).toBe(2);

    const { parametersSha256 } = await run.next('done');
    const alone = await runToDone(['train', ...flags, '--workers', '0']);
    expect(parametersSha256).toBe(alone.parametersSha256);
    await untilTab(slept, 'finished');
    for (const { ended } of [node, calculator]) expect(await ended).toMatchObject({ code: 0 });
    expect(slept.problems).toEqual([]);
    const copy = join(temporaryFolder(), 'run');
    await docker('cp', `${cluster.coordinator}:/runs/test`, copy);
    const everybody = ['node', 'python', 'Chrome', container.slice(0, 12)];
    if (firefox) everybody.push('Firefox');
    expect(authorsOf(recordsOf(copy))).toEqual(expect.arrayContaining(everybody));
  });
});
