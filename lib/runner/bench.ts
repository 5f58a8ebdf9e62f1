export function bench(_bin?: string): Promise<number> {
  return Promise.resolve(0);
}
