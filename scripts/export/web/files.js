// What a file says of itself before anything is decoded: format, size in pixels, orientation, whether it is whole.
//
// A photo is judged by its first bytes, never by its name, and refused here if it is too large: decoding 4,000 megapixels would end the
// page. `MAXIMUM_PIXELS` is that of scripts/datasets.py.

export const MAXIMUM_PIXELS = 100_000_000;
export const MAXIMUM_BYTES = 200_000_000; // more than any photo of that many pixels

/** What cannot be done with a file. The message is one or two sentences for people, without the file's name. */
export class Refusal extends Error {}

const CUT_OFF = "It is cut off before its end. Download or copy it again.";
const UNKNOWN =
  "It is in no format of pictures that this page knows (JPEG, PNG, WebP, GIF, BMP). Open it in an image viewer and save it as JPEG.";

/**
 * Return what a file of a picture is: `{type, width, height, orientation, deepGray, bytes}`. `width` and `height` are those of the stored
 * pixels, before they are turned; `deepGray` is true for gray of 16 bits; `orientation` is 1 to 8, as in EXIF; `bytes` are those to decode, in which the orientation is taken out: some
 * browsers turn photos whatever they are asked for, so that here nobody but `upright` may know of it.
 *
 * Throws `Refusal` for everything that is no whole picture of up to 100 megapixels.
 */
export function inspect(bytes) {
  let picture;
  try {
    picture = reader(bytes)(bytes.slice()); // a copy: the orientation is taken out
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(CUT_OFF); // a RangeError: it ends within what it says of itself
  }
  const { width, height } = picture;
  if (!(width > 0 && height > 0)) throw new Refusal("It has no pixels. Open it in an image viewer and save it as JPEG.");
  if (width * height > MAXIMUM_PIXELS) {
    throw new Refusal(`It is ${width} x ${height} pixels large, more than 100 million in all. Make it smaller first.`);
  }
  if (!(picture.orientation >= 1 && picture.orientation <= 8)) picture.orientation = 1;
  return picture;
}

function reader(bytes) {
  if (!bytes.length) throw new Refusal("The file is empty. Download or copy it again.");
  const start = String.fromCharCode(...bytes.subarray(0, 256));
  if (start.startsWith("\xff\xd8\xff")) return jpeg;
  if (start.startsWith("\x89PNG\r\n\x1a\n")) return png;
  if (start.startsWith("RIFF") && start.slice(8, 12) === "WEBP") return webp;
  if (/^GIF8[79]a/.test(start)) return gif;
  if (start.startsWith("BM")) return bmp;
  if (start.slice(4, 8) === "ftyp") {
    throw new Refusal("It is in a format of phones (HEIC) or a video. Export it as JPEG.");
  }
  if (start.replace(/^\xef\xbb\xbf/, "").trimStart().startsWith("<")) {
    throw new Refusal("It holds a web page or a drawing, not a photo. Download the picture itself.");
  }
  throw new Refusal(UNKNOWN);
}

const view = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
const letters = (bytes, from, count) => String.fromCharCode(...bytes.subarray(from, from + count));

function jpeg(bytes) {
  const data = view(bytes);
  let [width, height, orientation, xmp] = [0, 0, 0, 0];
  let at = 2;
  for (;;) {
    while (data.getUint8(at) !== 0xff) at++; // as decoders do: skip what lies between two segments
    while (data.getUint8(at) === 0xff) at++;
    const marker = bytes[at++];
    if (marker === 0xda) break; // from here on there are pixels
    if (marker === 0xd9) throw new Refusal(CUT_OFF);
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) continue; // these have no length
    const length = data.getUint16(at);
    const part = bytes.subarray(at + 2, at + length);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) [height, width] = [data.getUint16(at + 3), data.getUint16(at + 5)];
    if (marker === 0xe1 && letters(part, 0, 6) === "Exif\0\0") orientation ||= takeOrientation(part.subarray(6));
    if (marker === 0xe1 && letters(part, 0, 28) === "http://ns.adobe.com/xap/1.0/") {
      // Some programs write the orientation in this second place only. Pillow reads it there, browsers do not.
      const found = /tiff:Orientation(?:="|>)([0-9])/.exec(new TextDecoder("latin1").decode(part));
      if (found) xmp ||= Number(found[1]);
    }
    at += length;
  }
  // Browsers show half a photo without a word; Python refuses it. A whole one has a mark at its end, maybe with something behind it.
  let end = bytes.length - 2;
  while (end > at && !(bytes[end] === 0xff && bytes[end + 1] === 0xd9)) end--;
  if (end <= at) throw new Refusal(CUT_OFF);
  return { type: "image/jpeg", width, height, orientation: orientation || xmp, bytes };
}

function png(bytes) {
  const data = view(bytes);
  let [at, orientation, kind] = [8, 0, ""];
  while (kind !== "IEND") {
    const length = data.getUint32(at);
    kind = letters(bytes, at + 4, 4);
    data.getUint32(at + 8 + length); // the checksum at its end: a RangeError where the file is cut off
    if (kind === "eXIf") {
      orientation = takeOrientation(bytes.subarray(at + 8, at + 8 + length));
      // Each chunk has a checksum, so that this one has to go as a whole.
      bytes.copyWithin(at, at + 12 + length);
      bytes = bytes.subarray(0, bytes.length - 12 - length);
    } else {
      at += 12 + length;
    }
  }
  const deepGray = data.getUint8(24) === 16 && data.getUint8(25) === 0;
  return { type: "image/png", width: data.getUint32(16), height: data.getUint32(20), orientation, deepGray, bytes };
}

function webp(bytes) {
  const data = view(bytes);
  if (data.getUint32(4, true) + 8 > bytes.length) throw new Refusal(CUT_OFF);
  let [width, height, orientation] = [0, 0, 0];
  for (let at = 12; at + 8 <= bytes.length; ) {
    const kind = letters(bytes, at, 4);
    const length = data.getUint32(at + 4, true);
    const from = at + 8;
    if (kind === "VP8X") {
      width = 1 + (data.getUint32(from + 3, true) >>> 8);
      height = 1 + (data.getUint32(from + 6, true) >>> 8);
    } else if (kind === "VP8L") {
      const bits = data.getUint32(from + 1, true);
      width ||= 1 + (bits & 0x3fff);
      height ||= 1 + ((bits >> 14) & 0x3fff);
    } else if (kind === "VP8 ") {
      width ||= data.getUint16(from + 6, true) & 0x3fff;
      height ||= data.getUint16(from + 8, true) & 0x3fff;
    } else if (kind === "EXIF") {
      const skip = letters(bytes, from, 6) === "Exif\0\0" ? 6 : 0;
      orientation = takeOrientation(bytes.subarray(from + skip, from + length));
    }
    at = from + length + (length & 1);
  }
  return { type: "image/webp", width, height, orientation, bytes };
}

function gif(bytes) {
  const data = view(bytes);
  return { type: "image/gif", width: data.getUint16(6, true), height: data.getUint16(8, true), orientation: 1, bytes };
}

function bmp(bytes) {
  const data = view(bytes);
  const old = data.getUint32(14, true) === 12;
  const width = old ? data.getUint16(18, true) : data.getInt32(18, true);
  const height = old ? data.getUint16(20, true) : Math.abs(data.getInt32(22, true)); // negative: from top to bottom
  return { type: "image/bmp", width, height, orientation: 1, bytes };
}

/** Return the orientation in a block of EXIF, 0 where there is none, and write a 1 in its place. */
function takeOrientation(block) {
  try {
    const data = view(block);
    const little = letters(block, 0, 2) === "II";
    const first = data.getUint32(4, little);
    for (let entry = first + 2; entry < first + 2 + 12 * data.getUint16(first, little); entry += 12) {
      if (data.getUint16(entry, little) !== 0x0112) continue;
      const orientation = data.getUint16(entry + 8, little);
      data.setUint16(entry + 8, 1, little);
      return orientation;
    }
  } catch {
    // Damaged EXIF is no reason to refuse a photo.
  }
  return 0;
}
