/** A matrix product of a training step: c [m, n] is a sum over k. */
export interface ProductCase {
  /**
   * `nn` is a · b, the forward pass. `nt` is a · bᵀ, the gradient of an input. `tn` is aᵀ · b, the
   * gradient of a weight.
   */
  readonly form: 'nn' | 'nt' | 'tn';
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** The products of the classic net for 128 and 512 examples, and for a small share of 16. */
export const PRODUCTS: readonly ProductCase[] = [16, 128, 512].flatMap((rows): ProductCase[] => [
  { form: 'nn', m: rows, n: 256, k: 784 },
  { form: 'nn', m: rows, n: 128, k: 256 },
  { form: 'nn', m: rows, n: 10, k: 128 },
  { form: 'nt', m: rows, n: 256, k: 128 },
  { form: 'tn', m: 784, n: 256, k: rows },
  { form: 'tn', m: 256, n: 128, k: rows },
]);

export const nameOf = ({ form, m, n, k }: ProductCase): string => `${form} ${m} × ${n} × ${k}`;

/** The nets and global batches whose training steps are measured. */
export const TRAININGS = [
  { model: 'mlp', batch: 128 },
  { model: 'mlp', batch: 512 },
  { model: 'cnn', batch: 128 },
] as const;
export type TrainingCase = (typeof TRAININGS)[number];

export const PRODUCT_MS = 40;
export const TRAINING_MS = 2_500;
