// One tracklet: its picture under the map, the colour scale, its curve.

const THUMBNAILS = 16;

function copyOf(name) {
  return document.getElementById(name + "-template").content.firstElementChild.cloneNode(true);
}

// Three digits, such as 0.0123, −1.5 and 4.8e−4.
function short(value) {
  const size = Math.abs(value);
  const power = size > 0 && (size < 1e-3 || size >= 1e5);
  const text = power ? value.toExponential(2).replace(/\.?0*e\+?/, "e") : String(Number(value.toPrecision(3)));
  return text.replace(/-/g, "−");
}

class Player {
  constructor(panel, clip, colours) {
    this.panel = panel;
    this.clip = clip;
    this.colours = colours;
    this.maps = new Map(panel.maps.map((map) => [map.method, map]));
    this.bare = false;
    this.element = copyOf("player");
    this.canvas = this.find(".picture");
    this.canvas.width = clip.width;
    this.canvas.height = clip.height;
    this.element.style.setProperty("--aspect", clip.width / clip.height);
    this.find(".name").textContent = panel.title;
    this.find(".about").textContent = panel.caption;
  }

  find(selector) {
    return this.element.querySelector(selector);
  }

  get frames() {
    return this.clip.pictures.length;
  }

  // Call `redraw` when the map is to be hidden and shown again.
  onHold(redraw) {
    const hold = (bare) => () => {
      if (this.bare === bare) return;
      this.bare = bare;
      redraw();
    };
    this.canvas.addEventListener("pointerdown", hold(true));
    for (const end of ["pointerup", "pointerleave", "pointercancel"]) this.canvas.addEventListener(end, hold(false));
  }

  limits(map, frame, view, shared) {
    const spans = { frame: () => map.extremes[frame], clip: () => widest(map.extremes), all: () => shared };
    return limitsOf(spans[view.scale](), view.evidence);
  }

  // Draw frame number `frame` under the map of `method`; `shared` are the extremes of all clips beside this one.
  draw(frame, method, view, shared) {
    const map = this.maps.get(method);
    const about = `${this.panel.title}, frame ${frame + 1} of ${this.frames}`;
    this.canvas.setAttribute("aria-label", map ? `${about}, evidence ${view.evidence}, ${method}` : about);
    this.canvas.dataset.frame = frame + 1;
    this.find(".bar").hidden = !map;
    this.find(".note").textContent = map ? this.grid(map) : method ? `no map by ${method}` : "";
    this.drawOn(this.canvas, frame, this.bare ? null : map, view, shared);
    if (map) this.drawBar(this.limits(map, frame, view, shared), view);
  }

  drawOn(canvas, frame, map, view, shared) {
    const { width, height } = canvas;
    const colours = map && colourise(
      enlarge(map, frame, this.frames, height, width), this.limits(map, frame, view, shared),
      view.evidence, this.table(view), view.opacity,
    );
    paint(canvas, this.clip.pictures[frame], colours);
  }

  drawBar(limits, view) {
    const canvas = this.find(".bar canvas");
    const ramp = Float32Array.from({ length: 256 }, (_, place) => place / 255);
    const image = new ImageData(colourise(ramp, [0, 1], "for", this.table(view), 1), 256, 1);
    canvas.getContext("2d").putImageData(image, 0, 0);
    this.find(".low").textContent = short(limits[0]);
    this.find(".high").textContent = isFlat(limits) ? `${short(limits[1])}, flat` : short(limits[1]);
  }

  table(view) {
    return this.colours[view.evidence === "both" ? "signed" : view.palette];
  }

  grid(map) {
    const [steps, rows, columns] = map.shape;
    const means = map.of[1] === rows ? "" : `, means of ${map.of[1]} × ${map.of[2]}`;
    return `map ${steps} × ${rows} × ${columns} (t × h × w)${means}`;
  }
}

class Timeline {
  constructor(player, seek) {
    this.player = player;
    this.element = copyOf("timeline");
    this.element.style.setProperty("--aspect", player.clip.width / player.clip.height);
    this.find(".label b").textContent = player.panel.title;
    const count = Math.min(player.frames, THUMBNAILS);
    this.shown = Array.from({ length: count }, (_, place) => Math.floor(((place + 0.5) * player.frames) / count));
    this.thumbnails = this.strip(".drawn");
    this.listen(this.find(".plot"), seek);
  }

  // Empty pictures in a row, one for each frame that is shown.
  strip(selector) {
    const { width, height } = this.player.clip;
    const canvases = this.shown.map(() => document.createElement("canvas"));
    for (const canvas of canvases) {
      canvas.width = Math.max(1, width >> 1);
      canvas.height = Math.max(1, height >> 1);
    }
    this.find(selector).append(...canvases);
    this.find(selector).style.setProperty("--count", canvases.length);
    return canvases;
  }

  // A row of the frames without their map above the others.
  showFrames() {
    const pictures = this.player.clip.pictures;
    this.strip(".plain").forEach((canvas, place) => paint(canvas, pictures[this.shown[place]], null));
  }

  find(selector) {
    return this.element.querySelector(selector);
  }

  // Pressing or dragging anywhere on the plot goes to that share of the clip.
  listen(plot, seek) {
    const go = (event) => {
      const box = plot.getBoundingClientRect();
      seek(Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1 - 1e-9));
    };
    plot.addEventListener("pointerdown", go);
    plot.addEventListener("pointermove", (event) => event.buttons && go(event));
  }

  mark(frame, method) {
    const map = this.player.maps.get(method);
    const column = this.find(".column").style;
    column.left = `${(frame / this.player.frames) * 100}%`;
    column.width = `${100 / this.player.frames}%`;
    this.find(".value").textContent = map ? `${short(map.curve[frame])} at frame ${frame + 1}` : "";
  }

  // Draw the thumbnails and the curve anew, for another method or other colours.
  draw(method, view, shared) {
    const map = this.player.maps.get(method);
    this.thumbnails.forEach((canvas, place) => this.player.drawOn(canvas, this.shown[place], map, view, shared));
    this.drawCurve(map ? map.curve : [0]);
  }

  drawCurve(curve) {
    const high = Math.max(0, ...curve);
    const low = Math.min(0, ...curve);
    const y = (value) => (high > low ? 4 + (92 * (high - value)) / (high - low) : 50);
    const points = withCrossings(curve);
    const line = (values) => values.map(([x, value]) => `${x.toFixed(2)},${y(value).toFixed(2)}`).join("L");
    const area = (bound) => `M0,${y(0)}L${line(points.map(([x, value]) => [x, bound(value, 0)]))}L1000,${y(0)}Z`;
    this.find(".above").setAttribute("d", area(Math.max));
    this.find(".below").setAttribute("d", area(Math.min));
    this.find(".zero").setAttribute("d", `M0,${y(0)}H1000`);
    this.find(".line").setAttribute("d", `M${line(points)}`);
    this.find(".most").textContent = short(high);
    this.find(".least").textContent = short(low);
    this.find(".curve").setAttribute("aria-label", `map summed per frame, ${short(low)} to ${short(high)}`);
  }
}

// A curve as points [x, value] from edge to edge, with a point wherever it crosses zero.
function withCrossings(curve) {
  const x = (place) => ((place + 0.5) / curve.length) * 1000;
  const points = [[0, curve[0]]];
  curve.forEach((value, place) => {
    const before = curve[place - 1];
    if (before * value < 0) points.push([x(place - 1) + (x(1) - x(0)) * (before / (before - value)), 0]);
    points.push([x(place), value]);
  });
  return [...points, [1000, curve[curve.length - 1]]];
}
