/** @file Exponential smoothing with bias correction, so that the first points are not pulled to zero. */
export function smooth(values: number[], weight = 0.8): number[] {
  let mean = 0;
  return values.map((value, index) => {
    mean = weight * mean + (1 - weight) * value;
    return mean / (1 - weight ** (index + 1));
  });
}
