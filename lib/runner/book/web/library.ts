/**
 * The library, for a program of the workshop: each node has one of its own, and
 * so it's a text that each of them runs.
 *
 * @module
 */
import * as library from "../../../mod.ts";

declare const $take: (module: unknown) => void;
$take(library);
