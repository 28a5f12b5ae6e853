import { hasEmbeddedStudy } from '../connection/embedded-study.ts';
import styleUrl from './study.css?url';

/** Loads the style of the net's panels. A run in one file has it already. */
export function loadStudyStyle(): void {
  if (hasEmbeddedStudy()) return;
  const style = document.createElement('link');
  style.rel = 'stylesheet';
  style.href = styleUrl;
  document.head.append(style);
}
