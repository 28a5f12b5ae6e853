/** The style sheet puts the lessons beside the panels where the window is as wide. */
const HAS_COLUMN = '(min-width: 1200px)';
/** A panel is in sight if its top is at most so far below that of the window, in CSS pixels. */
const TOP_MAX = 240;

/** The panel that stays in sight while those above it grow, until the reader moves. */
let held: string | undefined;

const letGo = () => {
  held = undefined;
};
for (const move of ['wheel', 'touchmove', 'pointerdown', 'keydown'])
  addEventListener(move, letGo, { passive: true });

/** Brings the first of these panels into sight, unless the lesson itself would go out of it. */
export function showFirst([id]: readonly string[]): void {
  held = matchMedia(HAS_COLUMN).matches ? id : undefined;
  hold();
}

function hold(): void {
  const panel = held === undefined ? null : document.getElementById(held);
  const top = panel?.getBoundingClientRect().top ?? 0;
  if (top < 0 || top > TOP_MAX) panel?.scrollIntoView({ block: 'start' });
}

/** Marks the panels with these ids, and no others. */
export function lightUp(ids: readonly string[]): void {
  for (const lit of document.querySelectorAll('.panel.lit')) lit.classList.remove('lit');
  for (const id of ids) document.getElementById(id)?.classList.add('lit');
  // The page has been drawn by then.
  queueMicrotask(hold);
}
