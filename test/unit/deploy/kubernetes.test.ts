import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { coordinatorCommand } from '../../../coordinator/coordinator-command.ts';
import { DEFAULTS } from '../../../coordinator/options/recipes.ts';
import { DRAIN_TIMEOUT_MS } from '../../../shared/protocol/limits.ts';
import { workerCommand } from '../../../worker/worker-command.ts';
import {
  buildKustomization,
  hasKubectl,
  problemsOf,
  type Resource,
  readKustomization,
} from '../../support/containers/kubernetes.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const FOLDER = 'deploy/kubernetes';
const COMPONENT = 'autoscaling';
const resources = [...readKustomization(FOLDER), ...readKustomization(join(FOLDER, COMPONENT))];
const label = ({ kind, metadata }: Resource) => `${kind} ${metadata.name}`;

const ofKind = (kind: string) => resources.filter((resource) => resource.kind === kind);
function named(kind: string, name: string): Resource {
  const found = ofKind(kind).find(({ metadata }) => metadata.name === name);
  if (!found) throw new Error(`no ${kind} ${name} among ${resources.map(label)}`);
  return found;
}

const workloads = [...ofKind('StatefulSet'), ...ofKind('Deployment')];
const containerOf = (workload: Resource) => workload.spec.template.spec.containers[0];
const coordinator = named('StatefulSet', 'lockstep-coordinator');
const worker = named('Deployment', 'lockstep-worker');

/** The workloads whose pods have these labels. */
const selectedBy = (labels: Record<string, string>) =>
  workloads.filter(({ spec }) =>
    Object.entries(labels).every(([k, v]) => spec.template.metadata.labels[k] === v),
  );

/** The options that a command reads from these arguments. Throws if the command rejects them. */
function parseOptions(command: Command, args: string[]): object {
  command.exitOverride().configureOutput({ writeErr() {} });
  return command
    .action(() => {})
    .parse(args, { from: 'user' })
    .opts();
}

describe('the manifests', () => {
  test.each(resources.map((resource) => [label(resource), resource] as const))(
    'contain a valid %s',
    async (_label, resource) => expect(await problemsOf(resource)).toEqual([]),
  );

  test.skipIf(!hasKubectl)('equal what kubectl builds, with and without the autoscaler', () => {
    const folder = join(temporaryFolder(), 'kubernetes');
    cpSync(FOLDER, folder, { recursive: true });
    const file = join(folder, 'kustomization.yaml');
    const labelsOf = (built: Resource[]) =>
      built.map((resource) => label(resource).replace(/-\w{10}$/, '')).sort();
    expect(labelsOf(buildKustomization(folder))).toEqual(labelsOf(readKustomization(FOLDER)));

    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace(
        `#components:\n#  - ${COMPONENT}`,
        `components: [${COMPONENT}]`,
      ),
    );
    const built = buildKustomization(folder);
    expect(labelsOf(built)).toEqual(labelsOf(resources));
    const configMap = built.find(({ kind }) => kind === 'ConfigMap');
    const statefulSet = built.find(({ kind }) => kind === 'StatefulSet') as Resource;
    // Other flags change this name, which restarts the coordinator.
    expect(configMap?.metadata.name).toMatch(/^lockstep-run-\w{10}$/);
    expect(containerOf(statefulSet).envFrom[0].configMapRef.name).toBe(configMap?.metadata.name);
  });

  test('refer to each other by the right names', () => {
    for (const { spec } of ofKind('Service')) {
      expect(selectedBy(spec.selector)).toEqual([coordinator]);
      for (const { port, targetPort } of spec.ports) {
        expect(containerOf(coordinator).ports).toContainEqual({
          name: targetPort,
          containerPort: port,
        });
      }
    }
    expect(named('Service', coordinator.spec.serviceName).spec.clusterIP).toBe('None');
    for (const { spec } of workloads)
      expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels);

    const { envFrom, volumeMounts } = containerOf(coordinator);
    for (const { configMapRef } of envFrom) named('ConfigMap', configMapRef.name);
    const claims = coordinator.spec.volumeClaimTemplates.map(
      ({ metadata }: Resource) => metadata.name,
    );
    expect(volumeMounts.map(({ name }: { name: string }) => name)).toEqual(claims);

    const autoscaler = named('HorizontalPodAutoscaler', 'lockstep-worker').spec;
    expect(autoscaler.scaleTargetRef).toEqual({
      apiVersion: worker.apiVersion,
      kind: worker.kind,
      name: worker.metadata.name,
    });
    expect(autoscaler.maxReplicas).toBe(DEFAULTS.microBatches);
    expect(worker.spec).not.toHaveProperty('replicas'); // each `kubectl apply` would reset it
  });

  test('allow only traffic from workers to the coordinator and to DNS', () => {
    const [toCoordinator, ofWorker] = ofKind('NetworkPolicy').map(({ spec }) => spec);
    const { containerPort } = containerOf(coordinator).ports[0];
    const ports = [{ protocol: 'TCP', port: containerPort }];
    for (const { policyTypes } of [toCoordinator, ofWorker])
      expect(policyTypes).toEqual(['Ingress', 'Egress']);

    expect(selectedBy(toCoordinator.podSelector.matchLabels)).toEqual([coordinator]);
    expect(toCoordinator.egress).toBeUndefined();
    expect(toCoordinator.ingress).toHaveLength(1);
    expect(toCoordinator.ingress[0].ports).toEqual(ports);
    expect(selectedBy(toCoordinator.ingress[0].from[0].podSelector.matchLabels)).toEqual([worker]);

    expect(selectedBy(ofWorker.podSelector.matchLabels)).toEqual([worker]);
    expect(ofWorker.ingress).toBeUndefined();
    const [there, dns] = ofWorker.egress;
    expect(selectedBy(there.to[0].podSelector.matchLabels)).toEqual([coordinator]);
    expect(there.ports).toEqual(ports);
    expect(dns.ports.map(({ port }: { port: number }) => port)).toEqual([53, 53]);
  });

  test('give valid arguments to both commands, and workers time to leave', () => {
    const { LOCKSTEP_RUN, LOCKSTEP_FLAGS } = named('ConfigMap', 'lockstep-run').data;
    const script: string = containerOf(coordinator).args[0].replaceAll('\\\n', '');
    const line = /cli\.ts coordinator (.*) &$/m.exec(script)?.[1] ?? '';
    const given = (flags: string) =>
      line
        .replace('"/runs/$LOCKSTEP_RUN"', `/runs/${LOCKSTEP_RUN}`)
        .replace('$LOCKSTEP_FLAGS', flags)
        .split(/ +/)
        .filter(Boolean);
    expect(parseOptions(coordinatorCommand(), given(LOCKSTEP_FLAGS))).toMatchObject({
      host: '0.0.0.0',
      port: containerOf(coordinator).ports[0].containerPort,
      resumeOrStart: '/runs/run',
    });
    expect(() => parseOptions(coordinatorCommand(), given('--worker 4'))).toThrow('unknown option');

    const [name, url, ...flags] = containerOf(worker).args;
    expect(name).toBe('worker');
    parseOptions(workerCommand(), [url, ...flags]);
    const { hostname, port } = new URL(url);
    expect(named('Service', hostname).spec.ports[0].port).toBe(Number(port));
    expect(worker.spec.template.spec.terminationGracePeriodSeconds * 1000).toBeGreaterThan(
      DRAIN_TIMEOUT_MS,
    );
  });

  test('request no privileges, as the restricted pod security standard demands', () => {
    for (const workload of workloads) {
      expect(workload.spec.template.spec.securityContext).toMatchObject({
        runAsNonRoot: true,
        runAsUser: 1000, // Kubernetes rejects the image's user name
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(containerOf(workload).securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    }
  });
});

describe('a manifest is rejected', () => {
  const MUTATIONS: [string, (resource: Resource) => void, RegExp][] = [
    [
      'with a misspelled field of the resource',
      (resource) => {
        resource.specs = resource.spec;
      },
      /unknown field \/specs/,
    ],
    [
      'with a misspelled field of a container',
      (resource) => {
        containerOf(resource).readinessProbe.httpGet.pathh = '/healthz';
      },
      /unknown field \/spec\/template\/spec\/containers\/0\/readinessProbe\/httpGet\/pathh/,
    ],
    [
      'with a field in the wrong place',
      (resource) => {
        resource.spec.template.spec.readOnlyRootFilesystem = true;
      },
      /unknown field \/spec\/template\/spec\/readOnlyRootFilesystem/,
    ],
    [
      'with text instead of a number',
      (resource) => {
        resource.spec.replicas = 'one';
      },
      /replicas must be integer/,
    ],
    [
      'with a number instead of text',
      (resource) => {
        containerOf(resource).env[0].value = 5;
      },
      /value must be string/,
    ],
    [
      'with a value that is not allowed',
      (resource) => {
        containerOf(resource).imagePullPolicy = 'Sometimes';
      },
      /imagePullPolicy must be equal to one of/,
    ],
    [
      'with an invalid quantity',
      (resource) => {
        containerOf(resource).resources.limits.memory = '2 GB';
      },
      /memory must match format/,
    ],
    [
      'without a required field',
      (resource) => {
        delete resource.spec.selector;
      },
      /must have required property .*selector/,
    ],
  ];

  test.each(MUTATIONS)('%s', async (_title, mutate, problem) => {
    const resource = structuredClone(coordinator);
    mutate(resource);
    expect((await problemsOf(resource)).join('\n')).toMatch(problem);
  });

  test('with an unknown kind or API version', async () => {
    await expect(problemsOf({ ...coordinator, kind: 'StatefullSet' })).rejects.toThrow();
    await expect(problemsOf({ ...coordinator, apiVersion: 'apps/v3' })).rejects.toThrow();
  });
});
