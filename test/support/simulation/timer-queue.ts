export interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** Timers ordered by time. Timers of the same time keep the order in which they were added. */
export interface TimerQueue {
  /** Adds a timer. The returned function cancels it. */
  add(at: number, callback: () => void): () => void;
  /** Removes and returns the first timer. Returns undefined if none is due up to `until`. */
  takeFirst(until: number): Timer | undefined;
}

interface Entry extends Timer {
  readonly order: number;
  isCanceled: boolean;
}

const isBefore = (a: Entry, b: Entry): boolean =>
  a.at < b.at || (a.at === b.at && a.order < b.order);

/**
 * A timer queue in a binary heap: entry i comes before entries 2i + 1 and 2i + 2. A canceled entry
 * stays in the heap until it is the first one.
 */
export function createTimerQueue(): TimerQueue {
  const heap: Entry[] = [];
  let order = 0;

  function insert(entry: Entry): void {
    let place = heap.length;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (isBefore(heap[parent], entry)) break;
      heap[place] = heap[parent];
      place = parent;
    }
    heap[place] = entry;
  }

  function removeFirst(): void {
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++;
      if (child >= heap.length || isBefore(last, heap[child])) break;
      heap[place] = heap[child];
      place = child;
    }
    heap[place] = last;
  }

  return {
    add(at, callback) {
      const entry = { at, callback, order: order++, isCanceled: false };
      insert(entry);
      return () => {
        entry.isCanceled = true;
      };
    },
    takeFirst(until) {
      while (heap.length > 0 && heap[0].at <= until) {
        const [first] = heap;
        removeFirst();
        if (!first.isCanceled) return first;
      }
      return undefined;
    },
  };
}
