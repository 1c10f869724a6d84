"use strict";
// From a raw map to colours over a frame, as explain/overlay.py draws it.

const FLAT = 1e-6; // a map whose range is below this share of its largest value is constant up to rounding

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

// The cells on both sides of the centre of each of `size` pixels, and the share of the second. Cells are areas.
function centres(cells, size) {
  return Array.from({ length: size }, (_, place) => {
    const at = Math.min(Math.max(((place + 0.5) * cells) / size - 0.5, 0), cells - 1);
    const low = Math.floor(at);
    return { low, high: Math.min(low + 1, cells - 1), share: at - low };
  });
}

// One frame of a map [t,h,w], interpolated linearly in time and in space, [H*W].
function enlarge(map, frame, frames, height, width) {
  const [steps, rows, columns] = map.shape;
  const time = centres(steps, frames)[frame];
  const step = new Float32Array(rows * columns);
  for (let cell = 0; cell < step.length; cell++) {
    const before = map.cells[time.low * step.length + cell];
    const after = map.cells[time.high * step.length + cell];
    step[cell] = before + (after - before) * time.share;
  }
  const across = centres(columns, width);
  const enlarged = new Float32Array(height * width);
  centres(rows, height).forEach(({ low, high, share }, y) => {
    for (let x = 0; x < width; x++) {
      const { low: left, high: right, share: part } = across[x];
      const upper = step[low * columns + left] * (1 - part) + step[low * columns + right] * part;
      const lower = step[high * columns + left] * (1 - part) + step[high * columns + right] * part;
      enlarged[y * width + x] = upper * (1 - share) + lower * share;
    }
  });
  return enlarged;
}

// The smallest and the largest of many [smallest, largest].
function widest(extremes) {
  return extremes.reduce(([low, high], [lower, higher]) => [Math.min(low, lower), Math.max(high, higher)]);
}

// What the ends of the colours stand for: one sign of the evidence from its least to its most, or both around zero.
function limitsOf([low, high], evidence) {
  if (evidence === "both") {
    const most = Math.max(high, -low, 0);
    return [-most, most];
  }
  const [least, most] = evidence === "for" ? [low, high] : [-high, -low];
  return [Math.max(least, 0), Math.max(most, 0)];
}

function isFlat([low, high]) {
  return high - low <= FLAT * Math.max(Math.abs(low), Math.abs(high));
}

// The picture of the map alone. With both signs, what is near zero is clear, so that the frame is seen through it.
function colourise(values, limits, evidence, table, opacity) {
  const pixels = new Uint8ClampedArray(values.length * 4);
  const [low, high] = limits;
  const perUnit = isFlat(limits) ? 0 : 1 / (high - low);
  const sign = evidence === "against" ? -1 : 1;
  const both = evidence === "both";
  for (let place = 0; place < values.length; place++) {
    const share = perUnit ? Math.min(Math.max((sign * values[place] - low) * perUnit, 0), 1) : both ? 0.5 : 0;
    const colour = Math.round(share * 255) * 3;
    pixels[place * 4] = table[colour];
    pixels[place * 4 + 1] = table[colour + 1];
    pixels[place * 4 + 2] = table[colour + 2];
    pixels[place * 4 + 3] = 255 * opacity * (both ? Math.min(1, Math.abs(4 * share - 2)) : 1);
  }
  return pixels;
}

const scratch = document.createElement("canvas");

// Draw a frame, and the colours of its map (or null) over it.
function paint(canvas, picture, colours) {
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  if (!colours) return;
  scratch.width = canvas.width;
  scratch.height = canvas.height;
  scratch.getContext("2d").putImageData(new ImageData(colours, canvas.width, canvas.height), 0, 0);
  context.drawImage(scratch, 0, 0);
}
