import { remember, remembered } from '../connection/storage.ts';

/*
 * How the page looks: light or dark, as the system says or as the user has chosen, and always light
 * on paper. The root element says it, for the style sheet and for `isDark` in `drawing/`:
 *
 *   data-theme="dark"     the user's choice; no attribute: the system's
 *   data-printing         while the page is being printed
 */

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'lockstep-theme';
const { dataset } = document.documentElement;

export const chosenTheme = (): Theme => THEMES.find((theme) => theme === dataset.theme) ?? 'system';

export function chooseTheme(theme: Theme): void {
  remember('localStorage', KEY, theme === 'system' ? undefined : theme);
  showTheme(theme);
}

function showTheme(theme: Theme | undefined): void {
  if (theme === undefined || theme === 'system') delete dataset.theme;
  else dataset.theme = theme;
}

/**
 * Uses the theme that the user has chosen before. Calls `draw` when the page must look different
 * from now on. What is printed must be drawn before `draw` returns.
 */
export function followTheme(draw: () => void): void {
  const known = remembered('localStorage', KEY);
  showTheme(THEMES.find((theme) => theme === known));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  const print = (isPrinting: boolean) => {
    if (isPrinting === 'printing' in dataset) return;
    if (isPrinting) dataset.printing = '';
    else delete dataset.printing;
    draw();
  };
  addEventListener('beforeprint', () => print(true));
  addEventListener('afterprint', () => print(false));
  matchMedia('print').addEventListener('change', ({ matches }) => print(matches));
}
