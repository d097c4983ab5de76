// From a file to the pixels that the model takes, the very same that Python's `read_photo` (classify.py) gives.
//
// Each step here repeats one of Pillow's. A browser's own ways are near but not equal: its canvas is up to 35 of 255 levels off after
// a resize, since it skips pixels where Pillow averages them.

import { inspect, Refusal } from "./files.js";

/**
 * Return `{width, height, data, exact}` of a photo: `size` x `size` pixels, RGBA in 0-255, the transparency gone.
 *
 * `settings`: `size`, `fit` ("crop", "pad" or "squash") and `verticalFirst`, see `resize`. `exact` is false where this browser lacks
 * what it takes to give Python's pixels. Throws `Refusal`.
 */
export async function readPhoto(bytes, settings) {
  const picture = inspect(bytes);
  const stored = await decode(picture, settings.size);
  const image = onWhite(upright(stored, picture.orientation));
  return { ...square(image, settings), exact: stored.exact };
}

/** Return by how much a JPEG is made smaller while it is decoded: Pillow's `draft`, at 1/8, 1/4 or 1/2, still at least `size` a side. */
export function reduction({ type, width, height }, size) {
  const times = Math.floor(Math.min(Math.floor(width / size), Math.floor(height / size)));
  return type === "image/jpeg" ? [8, 4, 2, 1].find((n) => times >= n) ?? 1 : 1;
}

async function decode(picture, size) {
  const times = reduction(picture, size);
  try {
    if (times > 1) {
      const image = await decodeReduced(picture, times).catch(() => null);
      if (image) return { ...image, exact: true };
    }
    const whole = await decodeWhole(picture);
    return times > 1 ? { ...reduce(whole, times), exact: false } : whole;
  } catch (error) {
    if (error instanceof Refusal) throw error;
    if (error instanceof RangeError) throw new Refusal("It is too large for the memory of this browser. Make it smaller first.");
    throw new Refusal("This browser cannot decode it: it is damaged. Open it in an image viewer and save it as JPEG.");
  }
}

/**
 * Return a JPEG at 1/2, 1/4 or 1/8 of its size, or null where the browser cannot do that. Only WebCodecs hand out what the decoder
 * itself made smaller, and colors as they are stored: Pillow ignores color profiles too.
 */
async function decodeReduced({ bytes, type, width, height }, times) {
  if (!globalThis.ImageDecoder) return null;
  const desired = { desiredWidth: Math.ceil(width / times), desiredHeight: Math.ceil(height / times) };
  const decoder = new ImageDecoder({ data: bytes, type, colorSpaceConversion: "none", ...desired });
  const { image } = await decoder.decode();
  try {
    const { codedWidth, codedHeight, format } = image;
    // Where a frame is not RGB, the browser would convert it in its own way.
    if (codedWidth !== desired.desiredWidth || codedHeight !== desired.desiredHeight || !/^(RGB|BGR)/.test(format)) return null;
    const data = new Uint8ClampedArray(4 * codedWidth * codedHeight);
    await image.copyTo(data, { format: "RGBA", rect: { x: 0, y: 0, width: codedWidth, height: codedHeight } });
    return { width: codedWidth, height: codedHeight, data };
  } finally {
    image.close();
    decoder.close();
  }
}

async function decodeWhole({ bytes, type, width, height, deepGray }) {
  const options = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
  const bitmap = await createImageBitmap(new Blob([bytes], { type }), options);
  try {
    if (bitmap.width !== width || bitmap.height !== height) throw new Error("not the size that its header says");
    const data = new Uint8ClampedArray(4 * width * height);
    const rows = Math.max(1, Math.floor(4e6 / width)); // a few at a time: phones have no canvas for a large photo
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [width, Math.min(rows, height)];
    const context = canvas.getContext("2d", { willReadFrequently: true });
    for (let top = 0; top < height; top += rows) {
      const count = Math.min(rows, height - top);
      context.clearRect(0, 0, width, count);
      context.drawImage(bitmap, 0, top, width, count, 0, 0, width, count);
      data.set(context.getImageData(0, 0, width, count).data, 4 * width * top);
    }
    // Of 16 bits a browser takes the upper 8; Python rounds gray ones, so that they can be one level apart.
    const image = { width, height, data, exact: !deepGray };
    return isOpaque(image) ? image : { ...image, ...withAlpha(bitmap) };
  } finally {
    bitmap.close();
  }
}

const isOpaque = ({ data }) => {
  for (let at = 3; at < data.length; at += 4) if (data[at] < 255) return false;
  return true;
};

/**
 * Return `{data, exact}` of a picture with transparent parts. A canvas keeps each color multiplied with its alpha, in 8 bits, so that
 * faint colors come back up to 255 levels off; WebGL hands them out as they are stored.
 */
function withAlpha(bitmap) {
  const { width, height } = bitmap;
  const gl = document.createElement("canvas").getContext("webgl");
  if (!gl || Math.max(width, height) > gl.getParameter(gl.MAX_TEXTURE_SIZE)) return { exact: false };
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  gl.pixelStorei(gl.UNPACK_COLORSPACE_CONVERSION_WEBGL, gl.NONE);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, bitmap);
  gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer());
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, gl.getParameter(gl.TEXTURE_BINDING_2D), 0);
  const data = new Uint8Array(4 * width * height);
  gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, data);
  const good = gl.getError() === gl.NO_ERROR;
  gl.getExtension("WEBGL_lose_context")?.loseContext(); // a browser has only a few
  return good ? { data: new Uint8ClampedArray(data.buffer), exact: true } : { exact: false };
}

/**
 * Return a whole JPEG at 1/2, 1/4 or 1/8 of its size, nearly as its decoder would have made it: as the means of squares. For browsers
 * without WebCodecs. What the decoder averages are colors that are not yet clipped to 0-255 nor doubled to full size: that difference
 * stays.
 */
export function reduce({ width, height, data }, times) {
  const [newWidth, newHeight] = [Math.ceil(width / times), Math.ceil(height / times)];
  const result = new Uint8ClampedArray(4 * newWidth * newHeight).fill(255);
  const sums = new Float64Array(3 * newWidth);
  for (let y = 0; y < newHeight; y++) {
    sums.fill(0);
    for (let line = y * times; line < (y + 1) * times; line++) {
      const from = width * Math.min(line, height - 1); // the last squares may reach over the edge
      for (let x = 0; x < newWidth * times; x++) {
        const at = 4 * (from + Math.min(x, width - 1));
        const to = 3 * Math.floor(x / times);
        for (let c = 0; c < 3; c++) sums[to + c] += data[at + c];
      }
    }
    for (let x = 0; x < newWidth; x++) {
      for (let c = 0; c < 3; c++) result[4 * (y * newWidth + x) + c] = sums[3 * x + c] / times ** 2; // the array rounds
    }
  }
  return { width: newWidth, height: newHeight, data: result };
}

/** Return an image turned as its EXIF orientation, 1 to 8, says. */
export function upright(image, orientation) {
  if (orientation === 1) return image;
  const { width, height } = image;
  const source = new Uint32Array(image.data.buffer);
  const [right, bottom] = [width - 1, height - 1];
  const place = {
    2: (x, y) => [right - x, y],
    3: (x, y) => [right - x, bottom - y],
    4: (x, y) => [x, bottom - y],
    5: (x, y) => [y, x],
    6: (x, y) => [y, bottom - x],
    7: (x, y) => [right - y, bottom - x],
    8: (x, y) => [right - y, x],
  }[orientation];
  const [newWidth, newHeight] = orientation > 4 ? [height, width] : [width, height];
  const turned = new Uint32Array(source.length);
  for (let y = 0; y < newHeight; y++) {
    for (let x = 0; x < newWidth; x++) {
      const [fromX, fromY] = place(x, y);
      turned[y * newWidth + x] = source[fromY * width + fromX];
    }
  }
  return { width: newWidth, height: newHeight, data: new Uint8ClampedArray(turned.buffer) };
}

/** Return an image whose transparent parts are white, rounded as Pillow's `alpha_composite` does. */
function onWhite(image) {
  if (isOpaque(image)) return image;
  const data = image.data.slice();
  for (let at = 0; at < data.length; at += 4) {
    const alpha = data[at + 3];
    for (let c = at; c < at + 3; c++) {
      const sum = 128 * (data[c] * alpha + 255 * (255 - alpha)) + 0x4000;
      data[c] = ((sum >> 8) + sum) >> 15;
    }
    data[at + 3] = 255;
  }
  return { ...image, data };
}

/** Return an image made square, as `fit` says: ImageOps.fit, ImageOps.pad or a plain resize. */
export function square(image, { size, fit, verticalFirst }) {
  const { width, height } = image;
  if (fit === "squash") return resize(image, size, size, [0, 0, width, height], verticalFirst);
  if (fit === "crop") {
    const side = Math.min(width, height);
    const [left, top] = [(width - side) / 2, (height - side) / 2];
    return resize(image, size, size, [left, top, left + side, top + side], verticalFirst);
  }
  const scale = size / Math.max(width, height);
  const [newWidth, newHeight] = [width, height].map((side) => Math.max(1, roundHalfEven(side * scale)));
  const small = resize(image, newWidth, newHeight, [0, 0, width, height], verticalFirst);
  const data = new Uint8ClampedArray(4 * size * size).map((_, at) => (at % 4 === 3 ? 255 : 128));
  const [left, top] = [roundHalfEven((size - newWidth) / 2), roundHalfEven((size - newHeight) / 2)];
  for (let y = 0; y < newHeight; y++) {
    const line = small.data.subarray(4 * y * newWidth, 4 * (y + 1) * newWidth);
    data.set(line, 4 * ((top + y) * size + left));
  }
  return { width: size, height: size, data };
}

/** Python's `round`: a half goes to the even neighbor. */
function roundHalfEven(value) {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 ? rounded - 1 : rounded;
}

const BITS = 22; // of a weight, in Pillow's whole numbers

/**
 * Return a part of an image, `box` (left, top, right, bottom), resized: Pillow's `resize(..., BILINEAR, box)`, to the level.
 *
 * Two passes, each rounded to 8 bits, so that their order can change a pixel by one level. Up to Pillow 12 the first was always the
 * horizontal one; since 13 it is the vertical one where that saves work, and `verticalFirst` says so. Source: Pillow, Resample.c.
 */
export function resize(image, width, height, box, verticalFirst = true) {
  const whole = box[0] === 0 && box[1] === 0 && box[2] === image.width && box[3] === image.height;
  if (whole && width === image.width && height === image.height) return image;
  const [left, top, right, bottom] = box.map(Math.fround); // Pillow hands the box on as 32-bit numbers
  const across = (source, lines) =>
    width === source.width && left === 0 && right === width ? source : pass(source, weigh(source.width, left, right, width), true, lines);
  const down = (source, lines) =>
    height === source.height && top === 0 && bottom === height ? source : pass(source, weigh(source.height, top, bottom, height), false, lines);
  if (verticalFirst && image.height > height && image.height - height > 2 * (image.width - width)) {
    return across(down(image, used(weigh(image.width, left, right, width))));
  }
  return down(across(image, used(weigh(image.height, top, bottom, height))));
}

/** Return the weights of each output pixel along one side: where they start, and whole numbers that add up to 2 ** 22. */
function weigh(length, from, to, count) {
  const scale = (to - from) / count;
  const reach = Math.max(scale, 1); // wider than a pixel where the picture shrinks: that is the antialias
  return Array.from({ length: count }, (_, index) => {
    const center = from + (index + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - reach + 0.5));
    const last = Math.min(length, Math.trunc(center + reach + 0.5));
    const triangle = Array.from({ length: last - first }, (_, x) => Math.max(0, 1 - Math.abs((x + first - center + 0.5) * (1 / reach))));
    const sum = triangle.reduce((a, b) => a + b, 0);
    return { first, weights: Int32Array.from(triangle, (value) => Math.trunc(0.5 + (sum ? value / sum : value) * 2 ** BITS)) };
  });
}

/** Return the first line that weights use, and the one behind the last. */
const used = (table) => [table[0].first, table.at(-1).first + table.at(-1).weights.length];

/** Return an image resized along one side. Only the lines from `lines[0]` to `lines[1]` are worked out: the others stay empty. */
function pass(image, table, horizontal, lines = [0, Infinity]) {
  const [width, height] = horizontal ? [table.length, image.height] : [image.width, table.length];
  const [step, stride] = horizontal ? [4, 4 * image.width] : [4 * image.width, 4]; // to the next pixel, and to the next line
  const [newStep, newStride] = horizontal ? [4, 4 * width] : [4 * width, 4];
  const last = Math.min(lines[1], horizontal ? height : width);
  const data = new Uint8ClampedArray(4 * width * height).fill(255);
  const source = image.data;
  table.forEach(({ first, weights }, index) => {
    for (let line = lines[0]; line < last; line++) {
      let from = line * stride + first * step;
      let red = 1 << (BITS - 1); // a half, so that the shift rounds
      let green = red;
      let blue = red;
      for (let k = 0; k < weights.length; k++, from += step) {
        red += source[from] * weights[k];
        green += source[from + 1] * weights[k];
        blue += source[from + 2] * weights[k];
      }
      const to = index * newStep + line * newStride;
      data[to] = red >> BITS;
      data[to + 1] = green >> BITS;
      data[to + 2] = blue >> BITS;
    }
  });
  return { width, height, data };
}
