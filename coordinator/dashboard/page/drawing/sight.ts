/** Paints an element when it is asked to, when its size changes, and when it comes into sight. */
export interface Sight {
  /** Paints, unless nobody sees the element. */
  paint(): void;
}

/** It ends by itself when the element leaves the page. */
export function watchSight(element: Element, paint: () => void): Sight {
  let isSeen = true;
  const paintIfSeen = () => {
    // On paper, everything is seen.
    if (isSeen || 'printing' in document.documentElement.dataset) paint();
  };
  const sizes = new ResizeObserver(paintIfSeen);
  const sights = new IntersectionObserver((entries) => {
    isSeen = entries.at(-1)?.isIntersecting ?? true;
    paintIfSeen();
    if (element.isConnected) return;
    sizes.disconnect();
    sights.disconnect();
  });
  sizes.observe(element);
  sights.observe(element);
  return { paint: paintIfSeen };
}
