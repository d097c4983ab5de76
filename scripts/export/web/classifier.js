// The model: started once, asked for one photo at a time. The runtime is onnxruntime-web, which `ort` stands for.

import { readPhoto } from "./pixels.js";

const ort = globalThis.ort;

/** Return what lies packed in the page under an id: base64 of gzip, a third of the size. The text is let go of. */
async function unpack(id) {
  const element = document.getElementById(id);
  const text = element.textContent.trim();
  element.remove();
  const packed = Uint8Array.fromBase64?.(text) ?? Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Return a started `Classifier`. `facts` is what scripts/export/webpage.py wrote into the page. */
export async function start(facts) {
  ort.env.wasm.numThreads = 1; // more need headers that only a server can send
  ort.env.wasm.wasmBinary = (await unpack("runtime")).buffer;
  const model = await unpack("model");
  const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
  const classifier = new Classifier(session, facts);
  classifier.difference = await classifier.prove(facts.vector);
  return classifier;
}

export class Classifier {
  constructor(session, facts) {
    this.session = session;
    this.facts = facts;
    this.queue = Promise.resolve();
  }

  /**
   * Return `{pixels, probabilities, exact}` of a file's bytes: RGBA of size x size, one probability for each class (as the model gives
   * them), and whether the pixels are those that Python would give. Throws `Refusal`.
   */
  async classify(bytes) {
    const { data, exact } = await readPhoto(bytes, this.facts);
    return { pixels: data, probabilities: (await this.run([data]))[0], exact };
  }

  /** Return the probabilities of each of some pictures, RGBA. */
  run(pictures) {
    // One after another: the runtime takes no second question while it works on one.
    const answer = this.queue.then(() => this.runNow(pictures));
    this.queue = answer.catch(() => {});
    return answer;
  }

  async runNow(pictures) {
    const { size, classes } = this.facts;
    const pixels = new Float32Array(pictures.length * size * size * 3);
    let at = 0;
    for (const data of pictures) {
      for (let from = 0; from < data.length; from += 4) {
        pixels[at++] = data[from]; // red, green, blue, from 0 to 255: the model itself scales them
        pixels[at++] = data[from + 1];
        pixels[at++] = data[from + 2];
      }
    }
    const image = new ort.Tensor("float32", pixels, [pictures.length, size, size, 3]);
    const { probabilities } = await this.session.run({ image });
    return pictures.map((_, row) => Array.from(probabilities.data.subarray(row * classes.length, (row + 1) * classes.length)));
  }

  /**
   * Read and classify the test photo that came with the model; return by how much this browser is off: `{levels, probability}`, at most.
   * It also warms up the runtime, whose first answer takes longer.
   */
  async prove({ photo, pixels, probabilities }) {
    const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const found = await this.classify(bytes(photo));
    const wanted = await readPhoto(bytes(pixels), this.facts); // a PNG of the right size: nothing is left to resize
    const off = (some, others) => some.reduce((most, value, at) => Math.max(most, Math.abs(value - others[at])), 0);
    return { levels: off(found.pixels, wanted.data), probability: off(found.probabilities, probabilities) };
  }

  /**
   * Cover one square of a picture after another with gray, and yield after each few how far the probability of class `label` falls:
   * `{falls, rows, done}`, `falls` a list of rows * rows numbers of which the first `done` are known. Squares and steps are those of
   * lesson 16, a fifth and a tenth of a side.
   */
  async *occlude(pixels, label) {
    const { size } = this.facts;
    const [square, step] = [Math.round(size / 5), Math.round(size / 10)];
    const rows = Math.floor((size - square) / step) + 1;
    const whole = (await this.run([pixels]))[0][label];
    const falls = new Array(rows * rows).fill(0);
    let count = 1;
    for (let done = 0; done < falls.length; ) {
      const places = Array.from({ length: Math.min(count, falls.length - done) }, (_, more) => done + more);
      const covered = places.map((place) => cover(pixels, size, (place % rows) * step, Math.floor(place / rows) * step, square));
      const began = performance.now();
      for (const row of await this.run(covered)) falls[done++] = whole - row[label];
      // As many at a time as take a tenth of a second: in between the page answers to clicks.
      count = Math.max(1, Math.min(rows, Math.floor((100 * covered.length) / (performance.now() - began))));
      yield { falls, rows, done };
      await new Promise((goOn) => setTimeout(goOn));
    }
  }
}

function cover(pixels, size, left, top, square) {
  const covered = pixels.slice();
  for (let y = top; y < top + square; y++) {
    for (let x = left; x < left + square; x++) covered.fill(128, 4 * (y * size + x), 4 * (y * size + x) + 3);
  }
  return covered;
}
