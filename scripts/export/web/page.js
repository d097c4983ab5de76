// What a user sees and does. Everything that comes from outside, such as a file's name, is set as text, never as HTML.

import { MAXIMUM_BYTES, Refusal } from "./files.js";
import { start } from "./classifier.js";

const facts = JSON.parse(document.getElementById("facts").textContent);
const part = (id) => document.getElementById(id);
const percent = (share) => `${Math.round(100 * share)} %`;
const say = (text) => (part("status").textContent = text);
let turn = 0; // counts photos: what belongs to an earlier one is no longer shown

const ready = begin();

async function begin() {
  if (!globalThis.WebAssembly || !globalThis.DecompressionStream) {
    say("This browser is too old for this page. Use one of 2023 or later.");
    return null;
  }
  const began = performance.now();
  try {
    const classifier = await start(facts);
    const { levels, probability } = classifier.difference;
    if (levels > 1 || probability > 1e-4) {
      warn(
        `This browser reads large photos a little differently: on a test photo its pixels are up to ${levels} of 255 levels off, which ` +
          `moves a probability by up to ${Math.max(0.1, 100 * probability).toFixed(1)} points. Chrome and Edge give the model's own answers.`,
      );
    } else if (!globalThis.ImageDecoder) {
      warn("This browser lacks WebCodecs: answers for large JPEG photos may differ a little from the model's own, which Chrome and Edge give.");
    }
    if (!turn) say(`Ready after ${((performance.now() - began) / 1000).toFixed(1)} seconds. Choose a photo.`);
    return classifier;
  } catch (error) {
    console.error(error);
    say("The model could not be started: this browser is too old or has too little memory, or the page is damaged.");
    return null;
  }
}

function warn(text) {
  part("warning").textContent = text;
  part("warning").hidden = false;
}

/** Classify a file that was dropped, chosen, taken or pasted, and show what came of it. */
async function show(file) {
  const mine = ++turn;
  part("result").hidden = true;
  try {
    if (!file) throw new Refusal("There is no photo in what you gave. Drop, choose or paste a file.");
    say(`Looking at ${file.name} …`);
    if (file.size > MAXIMUM_BYTES) throw new Refusal("It is larger than 200 MB. Make it smaller first.");
    const classifier = await ready;
    if (!classifier || mine !== turn) return;
    const began = performance.now();
    const answer = await classifier.classify(new Uint8Array(await file.arrayBuffer()));
    if (mine !== turn) return;
    showAnswer(file.name, answer, performance.now() - began);
    await showHeat(classifier, answer, mine);
  } catch (error) {
    if (mine !== turn) return;
    if (!(error instanceof Refusal)) console.error(error);
    const reason = error instanceof Refusal ? error.message : "It cannot be read. Open it in an image viewer and save it as JPEG.";
    say(file ? `${file.name} was not classified. ${reason}` : reason);
  }
}

function showAnswer(name, answer, milliseconds) {
  const { probabilities } = answer;
  const best = [...probabilities.keys()].sort((one, other) => probabilities[other] - probabilities[one]).slice(0, 3);
  const sure = !(probabilities[best[0]] < facts.notSureBelow); // null where the export has no threshold: then always sure
  answer.label = best[0];
  part("verdict").textContent = sure ? `${facts.classes[best[0]]}, ${percent(probabilities[best[0]])}` : "I am not sure.";
  part("reason").textContent = sure
    ? ""
    : `The likeliest class has ${percent(probabilities[best[0]])}; below ${percent(facts.notSureBelow)} this page does not commit itself.`;
  part("classes").replaceChildren(
    ...best.map((label) => {
      const [line, term, track, bar] = ["li", "span", "span", "span"].map((tag) => document.createElement(tag));
      term.textContent = `${facts.classes[label]} ${percent(probabilities[label])}`;
      track.className = "track";
      bar.style.width = `${100 * probabilities[label]}%`;
      track.append(bar);
      line.append(term, track);
      return line;
    }),
  );
  part("inexact").hidden = answer.exact;
  paint(part("seen"), answer.pixels);
  part("seen").setAttribute("aria-label", `${name}, as the model sees it`);
  paint(part("heat"), gray(answer.pixels));
  part("heat").setAttribute("aria-label", "not known yet");
  part("place").textContent = "";
  part("result").hidden = false;
  say(`${name}: ${part("verdict").textContent.replace(/\.$/, "")}. It took ${(milliseconds / 1000).toFixed(2)} seconds.`);
}

function paint(canvas, pixels) {
  canvas.width = canvas.height = facts.size;
  canvas.getContext("2d").putImageData(new ImageData(pixels, facts.size, facts.size), 0, 0);
}

function gray(pixels) {
  const result = pixels.slice();
  for (let at = 0; at < result.length; at += 4) {
    result.fill((pixels[at] * 299 + pixels[at + 1] * 587 + pixels[at + 2] * 114) / 1000, at, at + 3);
  }
  return result;
}

const VIRIDIS = ["#440154", "#3b528b", "#21918c", "#5ec962", "#fde725"].map((color) =>
  [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16)),
);

function viridis(share) {
  const place = Math.max(0, Math.min(1, share)) * (VIRIDIS.length - 1);
  const below = Math.min(Math.floor(place), VIRIDIS.length - 2);
  return VIRIDIS[below].map((value, at) => value + (VIRIDIS[below + 1][at] - value) * (place - below));
}

/** Draw, step by step, how far the probability falls where a part is covered; at the end say where it falls most. */
async function showHeat(classifier, { pixels, label }, mine) {
  const name = facts.classes[label];
  part("heat-note").textContent = `The page covers one part after another, and notes how far the probability of “${name}” falls …`;
  for await (const { falls, rows, done } of classifier.occlude(pixels, label)) {
    if (mine !== turn) return;
    const most = Math.max(...falls, 0.01); // below one point there is nothing to see
    const map = document.createElement("canvas");
    [map.width, map.height] = [rows, rows];
    const colors = falls.flatMap((fall, at) => (at < done ? [...viridis(fall / most), 255] : [0, 0, 0, 0]));
    map.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(colors), rows, rows), 0, 0);
    paint(part("heat"), gray(pixels));
    const context = part("heat").getContext("2d");
    context.globalAlpha = 0.6;
    const [square, step] = [Math.round(facts.size / 5), Math.round(facts.size / 10)];
    const edge = (square - step) / 2; // the color of a square stands in its center
    context.drawImage(map, edge, edge, rows * step, rows * step);
    if (done < falls.length) continue;
    const strongest = falls.indexOf(Math.max(...falls));
    const where = placeName((strongest % rows) / (rows - 1), Math.floor(strongest / rows) / (rows - 1));
    const text =
      falls[strongest] < 0.01
        ? `No covered part lowers the probability of “${name}” by a point.`
        : `Covering a part ${where} lowers the probability of “${name}” most, by ${Math.round(100 * falls[strongest])} points.`;
    part("heat").setAttribute("aria-label", text);
    part("place").textContent = text;
    part("heat-note").textContent = "Yellow: where this lowers the probability most; dark: not at all. A gray square also adds something, so read it with care.";
  }
}

function placeName(x, y) {
  const third = (value, names) => names[Math.min(2, Math.floor(value * 3))];
  const [row, column] = [third(y, ["at the top", "in the middle", "at the bottom"]), third(x, [" left", "", " right"])];
  return row + column;
}

// Ways for a photo to come in.
for (const id of ["file", "camera"]) {
  part(id).addEventListener("change", (event) => {
    if (event.target.files.length) show(event.target.files[0]);
    event.target.value = ""; // so that the same photo can be chosen again
  });
}
document.addEventListener("paste", (event) => show(event.clipboardData.files[0]));
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault(); // else the browser would open the photo in place of this page
    document.body.classList.toggle("dragging", kind === "dragover");
    if (kind === "drop") show(event.dataTransfer.files[0]);
  });
}
part("open-card").addEventListener("click", () => part("card").showModal());
part("close-card").addEventListener("click", () => part("card").close());

// For the browser's console and the tests: `await page.classify(bytes)` gives pixels and probabilities without showing them.
globalThis.page = { ready, classify: async (bytes) => (await ready).classify(bytes) };
