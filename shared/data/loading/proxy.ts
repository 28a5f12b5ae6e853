import { LockstepError } from '../../errors.ts';

const NAMES = ['http_proxy', 'https_proxy'] as const;
const ALWAYS_DIRECT = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Sends a `fetch` request through the proxy that the environment names, as other programs do:
 * `http_proxy`, `https_proxy` and `no_proxy`, in lower or upper case. Throws a `NETWORK` error if
 * such a variable is no address. A Node older than 24.14 cannot use a proxy, and sends directly.
 */
export async function throughProxy<T>(send: () => Promise<T>): Promise<T> {
  const settings = proxySettings(process.env);
  if (!settings) return send();
  // Not above: whoever imports all of `node:http` loads `fetch` too, and a worker starts later.
  const http = await import('node:http');
  const restore = http.setGlobalProxyFromEnv?.(settings);
  try {
    return await send();
  } finally {
    restore?.();
  }
}

function proxySettings(env: NodeJS.ProcessEnv): Record<string, string> | undefined {
  const variable = (name: string) => env[name] || env[name.toUpperCase()];
  const settings: Record<string, string> = {};
  for (const name of NAMES) {
    const value = variable(name);
    if (!value) continue;
    const address = value.includes('://') ? value : `http://${value}`;
    // The value may hold a password.
    if (!/^https?:$/.test(URL.parse(address)?.protocol ?? ''))
      throw new LockstepError('NETWORK', `${name} is no address like http://host:3128`);
    settings[name] = address;
  }
  if (Object.keys(settings).length === 0) return undefined;
  const direct = [variable('no_proxy'), ...ALWAYS_DIRECT].filter(Boolean);
  return { ...settings, no_proxy: direct.join() };
}
