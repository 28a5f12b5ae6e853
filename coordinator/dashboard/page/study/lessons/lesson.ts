/** A guided tour through the page, on a run that one command starts. */
export interface Lesson {
  /** As in `lockstep train --lesson NAME`. */
  readonly name: string;
  readonly title: string;
  /** Whether its panels are those of the cluster, and not those of the net. */
  readonly isOfCluster?: true;
  readonly screens: readonly Screen[];
}

/** What a reader sees at once. */
export interface Screen {
  readonly text: string;
  /** The panels that it speaks of, by their ids. */
  readonly panels: readonly string[];
  /** Whether it is about an example that the net gets wrong. Such a one is looked for. */
  readonly isOfWrong?: boolean;
  /** A question, which the reader answers by a click. */
  readonly question: string;
  readonly answers: readonly Answer[];
}

export interface Answer {
  readonly text: string;
  readonly isRight?: boolean;
  /** Why it is right, or wrong. */
  readonly reply: string;
}
