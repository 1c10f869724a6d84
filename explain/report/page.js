// The page: reads its data, builds the scenes, and listens to settings, keys and the address.

const view = { scale: "clip", evidence: "for", palette: "jet", opacity: 0.5 };
const scenes = [];

// Dark or light as the system has it, until the reader chooses.
const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  const button = document.getElementById("theme");
  if (button) button.textContent = theme === "dark" ? "Light" : "Dark";
}

function complain(problem) {
  const line = document.getElementById("problem");
  line.textContent = `This page could not be drawn: ${problem}`;
  line.hidden = false;
  document.documentElement.dataset.ready = "false";
}

function load(picture) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = () => reject(new Error("a picture is broken"));
    image.src = picture;
  });
}

async function build(data) {
  const colours = Object.fromEntries(Object.entries(data.colours).map(([name, table]) => [name, bytesOf(table)]));
  for (const clip of data.clips) clip.pictures = await Promise.all(clip.frames.map(load));
  const playerOf = (panel) => {
    for (const map of panel.maps) map.cells = new Float32Array(bytesOf(map.cells).buffer);
    return new Player(panel, data.clips[panel.clip], colours);
  };
  for (const question of data.questions) scenes.push(questionScene(question, question.panels.map(playerOf), view));
  if (data.ranking) {
    const panels = [data.ranking.query, ...data.ranking.items.map((item) => item.panel)];
    scenes.push(rankingScene(data.ranking, panels.map(playerOf), view));
  }
  document.getElementById("scenes").append(...scenes.map((scene) => scene.element));
}

function describe(data) {
  document.getElementById("title").textContent = data.title;
  for (const [name, value] of data.facts) {
    const pair = document.createElement("div");
    pair.append(document.createElement("dt"), document.createElement("dd"));
    pair.firstChild.textContent = name;
    pair.lastChild.textContent = value;
    document.getElementById("facts").append(pair);
  }
}

// What the form says is what is drawn.
function readSettings() {
  const form = document.getElementById("settings");
  for (const name of ["scale", "evidence", "palette"]) view[name] = form.elements[name].value;
  view.opacity = form.elements.opacity.value / 100;
  document.getElementById("palettes").disabled = view.evidence === "both"; // it has colours of its own
  form.querySelector("output").textContent = `${form.elements.opacity.value} %`;
}

// A view in the address, such as #frame=5&scale=frame; what is unknown is left as it is.
function readAddress() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  const form = document.getElementById("settings");
  for (const name of ["scale", "evidence", "palette"]) {
    for (const input of form.elements[name]) input.checked = input.value === wanted.get(name) || input.checked;
  }
  if (/^\d+$/.test(wanted.get("opacity"))) form.elements.opacity.value = wanted.get("opacity");
  if (["dark", "light"].includes(wanted.get("theme"))) setTheme(wanted.get("theme"));
  readSettings();
  for (const scene of scenes) {
    if (wanted.has("method")) scene.choose(wanted.get("method"));
    if (/^\d+$/.test(wanted.get("frame"))) scene.goto(Number(wanted.get("frame")));
    scene.refresh();
  }
}

// The scene that the reader is at: the one with the focus, else the one that fills most of the window.
function sceneAtHand() {
  const focused = scenes.find((scene) => scene.element.contains(document.activeElement));
  const seen = (scene) => {
    const box = scene.element.getBoundingClientRect();
    return Math.min(box.bottom, innerHeight) - Math.max(box.top, 0);
  };
  return focused || scenes.reduce((most, scene) => (seen(scene) > seen(most) ? scene : most));
}

// Arrows and space, unless the focused control has a use for them itself.
function onKey(event) {
  const steps = { ArrowLeft: -1, ArrowRight: 1 };
  const space = event.key === " ";
  const control = event.target.closest("input, button");
  const slider = control && control.type === "range";
  if (!(event.key in steps || space) || event.altKey || event.ctrlKey || event.metaKey) return;
  if (control && !(slider && space)) return;
  event.preventDefault();
  const scene = sceneAtHand();
  if (space) scene.toggle();
  else scene.goto(scene.frame + steps[event.key]);
}

function listen() {
  document.getElementById("settings").addEventListener("input", () => {
    readSettings();
    scenes.forEach((scene) => scene.refresh());
  });
  document.getElementById("theme").addEventListener("click", () => {
    setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  });
  prefersDark.addEventListener("change", () => setTheme(prefersDark.matches ? "dark" : "light"));
  document.addEventListener("keydown", onKey);
  window.addEventListener("hashchange", readAddress);
}

async function start() {
  setTheme(document.documentElement.dataset.theme);
  const data = JSON.parse(document.getElementById("data").textContent);
  describe(data);
  await build(data);
  listen();
  readAddress();
  document.documentElement.dataset.ready = "true";
}

window.addEventListener("error", (event) => complain(event.message));
setTheme(prefersDark.matches ? "dark" : "light");
document.addEventListener("DOMContentLoaded", () => start().catch((error) => complain(error.message)));
