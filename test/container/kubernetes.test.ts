import { randomUUID } from 'node:crypto';
import { Network } from 'testcontainers';
import { expect, inject, onTestFinished, test } from 'vitest';
import {
  docker,
  exitCodeOf,
  hasEngine,
  IMAGE,
  RUN_FLAGS,
  watchContainer,
} from '../support/containers/docker.ts';
import { type Resource, readKustomization } from '../support/containers/kubernetes.ts';

const resources = readKustomization('deploy/kubernetes');
const ofKind = (kind: string) => resources.find((resource) => resource.kind === kind) as Resource;

/**
 * Starts a pod's container with the rights and limits of its manifest, as a kubelet would. Does not
 * mount its volumes. Resolves to the container's id.
 */
async function startPod({ spec }: Resource, ...options: string[]): Promise<string> {
  const pod = spec.template.spec;
  const [container] = pod.containers;
  const { runAsUser, runAsGroup } = pod.securityContext;
  const [entrypoint, ...command] = container.command ?? [];
  const id = await docker(
    ...[
      'run',
      '--detach',
      '--user',
      `${runAsUser}:${runAsGroup}`,
      '--memory',
      `${container.resources.limits.memory}B`,
    ],
    ...(container.securityContext.readOnlyRootFilesystem ? ['--read-only'] : []),
    ...container.securityContext.capabilities.drop.map((name: string) => `--cap-drop=${name}`),
    ...(container.securityContext.allowPrivilegeEscalation
      ? []
      : ['--security-opt=no-new-privileges']),
    ...[
      '--stop-timeout',
      String(pod.terminationGracePeriodSeconds),
      '--env',
      'LOCKSTEP_TOKEN=secret',
    ],
    ...(entrypoint === undefined ? [] : ['--entrypoint', entrypoint]),
    ...options,
    ...[IMAGE, ...command, ...container.args],
  );
  onTestFinished(async () => void (await docker('rm', '--force', '--volumes', id.trim())));
  return id.trim();
}

test.skipIf(!hasEngine)(
  'containers of the Kubernetes manifests train and resume after a stop, ' +
    'and the coordinator keeps running when the run is finished',
  async () => {
    const network = await new Network().start();
    onTestFinished(async () => void (await network.stop()));
    const volume = `lockstep-test-${randomUUID()}`;
    onTestFinished(async () => void (await docker('volume', 'rm', '--force', volume)));

    const flags = [...RUN_FLAGS, '--json'].join(' ');
    const { data } = ofKind('ConfigMap');
    const settings = Object.entries({ ...data, LOCKSTEP_FLAGS: flags }).map(
      ([k, v]) => `--env=${k}=${v}`,
    );
    const statefulSet = ofKind('StatefulSet');
    const [{ ports, readinessProbe, volumeMounts }] = statefulSet.spec.template.spec.containers;
    const coordinator = await startPod(
      statefulSet,
      ...['--network', network.getName(), '--network-alias', ofKind('Service').metadata.name],
      ...['--volume', `${volume}:${volumeMounts[0].mountPath}`],
      ...['--publish', `127.0.0.1::${ports[0].containerPort}`, ...settings],
    );
    const first = watchContainer(coordinator);
    await first.next('listening');
    const address = (await docker('port', coordinator, String(ports[0].containerPort))).trim();
    expect((await fetch(`http://${address}${readinessProbe.httpGet.path}`)).status).toBe(200);

    const worker = await startPod(ofKind('Deployment'), '--network', network.getName());
    await first.next('checkpoint');
    await docker('stop', coordinator);
    await first.next('stopped');
    await docker('start', coordinator);
    const second = watchContainer(coordinator);
    await second.next('start', ({ resumedFrom }) => resumedFrom !== null);
    expect((await second.next('done')).parametersSha256).toBe(inject('undisturbedSha256'));
    expect(await exitCodeOf(worker)).toBe(0);

    // `docker exec` fails if the container does not run anymore.
    await docker('exec', coordinator, 'test', '-f', `/runs/${data.LOCKSTEP_RUN}/config.json`);
    await docker('stop', coordinator);
    // Code 137 would mean that Docker killed the container after the grace period.
    expect(await exitCodeOf(coordinator)).not.toBe(137);

    // A worker that Kubernetes restarts waits for the next run.
    const startedAgainAt = new Date().toISOString();
    await docker('start', worker);
    const log = () => docker('logs', '--since', startedAgainAt, worker);
    await expect.poll(log, { timeout: 20_000 }).toContain('trying again');
    await docker('stop', worker);
    expect(await exitCodeOf(worker)).toBe(0);
  },
);
