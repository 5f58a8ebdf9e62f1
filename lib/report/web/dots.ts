/**
 * Many points in a plot: as one picture for each panel, since twenty thousand
 * elements are more than a page can bear. Points of one outcome that fall onto
 * the same pixel are drawn once; they'd look the same.
 *
 * @module
 */
/// <reference lib="dom" />
import * as Plot from "@observablehq/plot";
import { type Operation, outcomes } from "./operations.ts";
import type { Theme } from "./theme.ts";

type Picture = CanvasRenderingContext2D;

/**
 * The shape of each outcome, so that colour isn't all that tells them apart.
 */
const shapes: {
  readonly [type in typeof outcomes[number]]: (
    at: Picture,
    x: number,
    y: number,
  ) => void;
} = {
  ok: (at, x, y) => at.fillRect(x - 1.25, y - 1.25, 2.5, 2.5),
  info(at, x, y) {
    at.beginPath();
    at.moveTo(x, y - 4);
    at.lineTo(x + 3.5, y + 2.5);
    at.lineTo(x - 3.5, y + 2.5);
    at.fill();
  },
  fail(at, x, y) {
    at.beginPath();
    at.moveTo(x - 3, y - 3);
    at.lineTo(x + 3, y + 3);
    at.moveTo(x + 3, y - 3);
    at.lineTo(x - 3, y + 3);
    at.stroke();
  },
};

/** Makes the mark. */
export function dots(
  operations: readonly Operation[],
  channels: {
    x(operation: Operation): number;
    y(operation: Operation, i: number): number;
    fy(operation: Operation): string;
  },
  theme: Theme,
): Plot.Dot {
  return Plot.dot(operations as Operation[], {
    ...channels,
    render(
      index,
      _scales,
      { x = [], y = [] },
      { width, height },
      { document },
    ) {
      const canvas = document.createElement("canvas");
      canvas.width = width * devicePixelRatio;
      canvas.height = height * devicePixelRatio;
      const at = canvas.getContext("2d")!;
      at.scale(devicePixelRatio, devicePixelRatio);
      // What went wrong is drawn last, and so on top.
      for (const type of outcomes) {
        at.fillStyle = at.strokeStyle = theme[type];
        at.lineWidth = 1.5;
        const drawn = new Set<number>();
        for (const i of index) {
          if (operations[i]?.type !== type) continue;
          const [left, top] = [x[i]!, y[i]!];
          const pixel = Math.round(top) * width + Math.round(left);
          if (drawn.size === drawn.add(pixel).size) continue;
          shapes[type](at, left, top);
        }
      }
      const image = document.createElementNS(
        "http://www.w3.org/2000/svg",
        "image",
      );
      image.setAttribute("width", String(width));
      image.setAttribute("height", String(height));
      image.setAttribute("href", canvas.toDataURL());
      return image;
    },
  });
}
