"use strict";
// One page: what is drawn or dropped goes to /predict, and what comes back is shown as bars.

const at = (id) => document.getElementById(id);
let about = null, token = "", busy = false, again = false, drawn = false;

async function ask(path, options = {}) {
  for (;;) {
    const headers = { ...(options.headers || {}) };
    if (token) headers.Authorization = `Bearer ${token}`;
    const answer = await fetch(path, { ...options, headers });
    if (answer.status !== 401) return answer;
    token = window.prompt("This service wants a token:") || "";
    if (!token) return answer;
  }
}

async function show(answer) {
  const found = await answer.json();
  if (!answer.ok) {
    at("said").textContent = found.error;
    return;
  }
  at("said").textContent = "";
  const first = about.answer ?? Object.keys(found.outputs)[0];
  const numbers = [found.outputs[first][0]].flat(Infinity);
  const best = numbers.indexOf(Math.max(...numbers));
  numbers.forEach((number, i) => {
    const bar = at("bars").children[i];
    bar.querySelector("meter").value = Math.min(1, Math.max(0, number));
    bar.lastChild.textContent = number.toFixed(3);
    bar.classList.toggle("best", i === best);
  });
}

function makeBars() {
  const shape = about.outputs[about.answer] ?? Object.values(about.outputs)[0];
  const n = shape.reduce((a, b) => a * b, 1);
  for (let i = 0; i < Math.min(n, 1000); i += 1) {
    const bar = document.createElement("div");
    bar.className = "bar";
    bar.setAttribute("role", "listitem");
    const name = document.createElement("span"), number = document.createElement("span");
    name.textContent = about.classes[i] ?? String(i);
    bar.append(name, document.createElement("meter"), number);
    at("bars").append(bar);
  }
}

// --- drawing -------------------------------------------------------------------------------

const canvas = at("drawing"), pen = canvas.getContext("2d", { willReadFrequently: true });

function clear() {
  pen.fillStyle = "#000";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  drawn = false;
}

// The strokes in the middle of a square of the net's size, as the digits of MNIST are.
function small(height, width) {
  const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
  let left = canvas.width, top = canvas.height, right = -1, bottom = -1, mass = 0, mx = 0, my = 0;
  for (let y = 0; y < canvas.height; y += 1) {
    for (let x = 0; x < canvas.width; x += 1) {
      const v = data[4 * (y * canvas.width + x)];
      if (v > 32) {
        left = Math.min(left, x); right = Math.max(right, x);
        top = Math.min(top, y); bottom = Math.max(bottom, y);
        mass += v; mx += v * x; my += v * y;
      }
    }
  }
  const target = document.createElement("canvas");
  target.width = width;
  target.height = height;
  const brush = target.getContext("2d");
  brush.fillStyle = "#000";
  brush.fillRect(0, 0, width, height);
  if (mass) {
    const scale = (Math.min(height, width) * 20) / 28 / Math.max(right - left + 1, bottom - top + 1);
    brush.imageSmoothingQuality = "high";
    brush.setTransform(scale, 0, 0, scale,
      width / 2 - (mx / mass) * scale, height / 2 - (my / mass) * scale);
    brush.drawImage(canvas, 0, 0);
  }
  return brush.getImageData(0, 0, width, height).data;
}

async function predictDrawing() {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  const [name, input] = Object.entries(about.inputs)[0];
  const [channels, height, width] = input.shape;
  const data = small(height, width), row = [];
  for (let c = 0; c < channels; c += 1) {
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        row.push((data[4 * (y * width + x) + c] * input.pixels) / 255);
      }
    }
  }
  try {
    await show(await ask("predict", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ inputs: { [name]: [row] } }),
    }));
  } catch (error) {
    at("said").textContent = String(error);
  }
  busy = false;
  if (again) {
    again = false;
    predictDrawing();
  }
}

function makeDrawing() {
  let last = null;
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * canvas.width) / box.width,
      ((event.clientY - box.top) * canvas.height) / box.height];
  };
  const stroke = (event) => {
    const now = place(event);
    if (!drawn) clear();
    drawn = true;
    pen.strokeStyle = "#fff";
    pen.lineWidth = 22;
    pen.lineCap = pen.lineJoin = "round";
    pen.beginPath();
    pen.moveTo(...last);
    pen.lineTo(...now);
    pen.stroke();
    last = now;
    predictDrawing();
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = place(event);
    stroke(event);
  });
  canvas.addEventListener("pointermove", (event) => { if (last) stroke(event); });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, () => { last = null; });
  }
  at("clear").addEventListener("click", () => {
    clear();
    for (const bar of at("bars").children) {
      bar.querySelector("meter").value = 0;
      bar.lastChild.textContent = "";
      bar.classList.remove("best");
    }
  });
}

// --- pictures ------------------------------------------------------------------------------

async function predictFile(file) {
  const url = URL.createObjectURL(file);
  const image = new Image();
  image.onload = () => {
    clear();
    const scale = Math.min(canvas.width / image.width, canvas.height / image.height);
    const w = image.width * scale, h = image.height * scale;
    pen.drawImage(image, (canvas.width - w) / 2, (canvas.height - h) / 2, w, h);
    URL.revokeObjectURL(url);
  };
  image.src = url;
  const invert = at("invert").checked ? "?invert=1" : "";
  await show(await ask(`predict${invert}`, {
    method: "POST",
    headers: { "Content-Type": file.type || "application/octet-stream" },
    body: file,
  }));
}

function makeDropping() {
  canvas.addEventListener("dragover", (event) => {
    event.preventDefault();
    canvas.classList.add("over");
  });
  canvas.addEventListener("dragleave", () => canvas.classList.remove("over"));
  canvas.addEventListener("drop", (event) => {
    event.preventDefault();
    canvas.classList.remove("over");
    if (event.dataTransfer.files.length) predictFile(event.dataTransfer.files[0]);
  });
  at("file").addEventListener("change", (event) => {
    if (event.target.files.length) predictFile(event.target.files[0]);
  });
}

function makeNumbers() {
  const zeros = (shape) => (shape.length ? Array.from({ length: shape[0] }, () => zeros(shape.slice(1))) : 0);
  const rows = Object.fromEntries(
    Object.entries(about.inputs).map(([name, input]) => [name, [zeros(input.shape)]]));
  at("json").value = JSON.stringify({ inputs: rows });
  at("send").addEventListener("click", async () => {
    await show(await ask("predict", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: at("json").value,
    }));
  });
}

async function begin() {
  const answer = await ask("about");
  if (!answer.ok) {
    at("said").textContent = (await answer.json()).error;
    return;
  }
  about = await answer.json();
  document.title = at("name").textContent = about.name;
  makeBars();
  if (about.takes_pictures) {
    at("picture").hidden = false;
    at("hint").textContent = "Draw, or drop a picture.";
    clear();
    makeDrawing();
    makeDropping();
  } else {
    at("numbers").hidden = false;
    at("hint").textContent = "Rows as in the net's data files.";
    makeNumbers();
  }
}

begin();
