import { spawnSync } from 'node:child_process';

/** The Python interpreters that are tried: a chosen one, Debian's, the user's. */
const INTERPRETERS = [process.env.LOCKSTEP_TEST_PYTHON ?? '', '/usr/bin/python3', 'python3'];

/** An interpreter that has a module. Undefined if there is none. */
export const findPython = (module: string): string | undefined =>
  INTERPRETERS.find((python) => {
    if (python === '') return false;
    return spawnSync(python, ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0;
  });

/** Runs a Python program with arguments. Returns what it prints, or throws what it complains. */
export function runPython(python: string, program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(python, ['-B', '-c', program, ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(`Python ended with ${status}: ${stderr}`);
  return stdout;
}
