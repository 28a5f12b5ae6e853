/** The style sheet puts the lessons beside the panels where the window is as wide. */
const HAS_COLUMN = '(min-width: 1200px)';

/** Brings the first of these panels into sight, unless the lesson itself would go out of it. */
export function showFirst([id]: readonly string[]): void {
  if (id !== undefined && matchMedia(HAS_COLUMN).matches)
    document.getElementById(id)?.scrollIntoView({ block: 'start' });
}

/** Marks the panels with these ids, and no others. */
export function lightUp(ids: readonly string[]): void {
  for (const lit of document.querySelectorAll('.panel.lit')) lit.classList.remove('lit');
  for (const id of ids) document.getElementById(id)?.classList.add('lit');
}
