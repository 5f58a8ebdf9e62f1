/**
 * The types of the book's files.
 *
 * @module
 */

const types: { readonly [ending: string]: string } = {
  css: "text/css",
  html: "text/html",
  js: "text/javascript",
  json: "application/json",
  svg: "image/svg+xml",
};

/** Returns the media type of a file, by its name. */
export function contentType(path: string): string {
  const ending = path.slice(path.lastIndexOf(".") + 1);
  return `${types[ending] ?? "text/plain"}; charset=utf-8`;
}
