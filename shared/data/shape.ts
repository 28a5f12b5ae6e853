/** The shape of an example: an image, or the inputs of a row as 1 × 1 × channels. */
export interface ExampleShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

export type DataKind = 'images' | 'features';

/** What the examples are, for people: "images of 28 × 28 pixels", "rows of 60 features". */
export function describeShape(kind: DataKind, { height, width, channels }: ExampleShape): string {
  if (kind === 'features') return `rows of ${channels} ${channels === 1 ? 'feature' : 'features'}`;
  const depth = channels === 1 ? '' : ` in ${channels} channels`;
  return `images of ${height} × ${width} pixels${depth}`;
}

/** The same for the input of a model, which does not say what its 1 × 1 pixels are. */
export const describeInput = (shape: ExampleShape): string =>
  describeShape(shape.height * shape.width === 1 ? 'features' : 'images', shape);

export const isSameShape = (a: ExampleShape, b: ExampleShape): boolean =>
  a.height === b.height && a.width === b.width && a.channels === b.channels;
