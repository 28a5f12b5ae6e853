import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeSelfSigned } from '../../shared/host/self-signed.ts';
import { startCli } from '../support/processes/cli.ts';
import { toyRun, undisturbedHash } from '../support/processes/toy-cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const hasNginx = spawnSync('nginx', ['-v']).status === 0;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

/** Starts nginx with TLS, which passes on what is below `/lockstep/`. Returns its port. */
async function startNginx(upstreamPort: string): Promise<{ port: number; cert: string }> {
  const folder = temporaryFolder();
  const port = await freePort();
  const { cert, key } = await makeSelfSigned(['127.0.0.1'], 10);
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
  mkdirSync(join(folder, 'temporary'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/temporary/${name};`)
    .join(' ');
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; pid ${folder}/pid; error_log stderr; events {}
    http {
      access_log off; ${temporary}
      server {
        listen 127.0.0.1:${port} ssl;
        ssl_certificate ${certFile}; ssl_certificate_key ${keyFile};
        location /lockstep/ {
          proxy_pass http://127.0.0.1:${upstreamPort}/;
          proxy_http_version 1.1;
          proxy_set_header Host $host;
          proxy_set_header Upgrade $http_upgrade;
          proxy_set_header Connection upgrade;
        }
      }
    }`,
  );
  const nginx = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], {
    stdio: 'ignore',
  });
  onTestFinished(() => void nginx.kill('SIGTERM'));
  const isOpen = () =>
    fetch(`http://127.0.0.1:${port}`).then(
      () => true,
      () => false,
    );
  await expect.poll(isOpen, { timeout: 10_000 }).toBe(true);
  return { port, cert: certFile };
}

test.skipIf(!hasNginx)(
  'a worker joins and gets the data through nginx, with TLS and a path',
  async () => {
    const env = { LOCKSTEP_TOKEN: 'secret' };
    const flags = ['--port', '0', '--min-workers', '1', '--json'];
    const coordinator = startCli(['coordinator', ...toyRun(), ...flags], { env });
    const { url } = await coordinator.next('listening');
    const { port, cert } = await startNginx(new URL(url).port);
    const address = `wss://127.0.0.1:${port}/lockstep/`;
    const worker = startCli(['worker', address, '--tls-ca', cert, '--json'], { env });
    await worker.next('joined');
    expect((await coordinator.next('done')).parametersSha256).toBe(await undisturbedHash());
    expect((await worker.ended).code).toBe(0);
  },
);
