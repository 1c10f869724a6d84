// One question, or a ranked list: players that move together.

const FRAME_MILLISECONDS = 125;
const VERDICTS = { right: "✓ right", wrong: "✗ wrong", junk: "– junk" };
let scenesMade = 0;

class Scene {
  constructor(players, view) {
    this.players = players;
    this.view = view;
    this.share = 0; // of the clips, from 0 up to 1
    this.timer = null;
    this.frames = Math.max(...players.map((player) => player.frames));
    this.methods = [...new Set(players.flatMap((player) => [...player.maps.keys()]))];
    this.method = this.methods[0];
    this.element = copyOf("scene");
    this.element.dataset.sides = players.length;
    this.timelines = players.map((player) => new Timeline(player, (share) => this.seek(share)));
    players.forEach((player) => player.onHold(() => this.show()));
    this.slider = this.find(".frame");
    this.listen();
  }

  find(selector) {
    return this.element.querySelector(selector);
  }

  listen() {
    this.slider.max = this.frames;
    this.slider.disabled = this.find(".play").disabled = this.frames < 2;
    this.slider.addEventListener("input", () => this.goto(Number(this.slider.value)));
    this.find(".play").addEventListener("click", () => this.toggle());
    const group = `method-${scenesMade++}`;
    this.options = this.methods.map((method) => {
      const option = copyOf("option");
      const input = option.querySelector("input");
      input.name = group;
      input.value = method;
      option.querySelector("span").textContent = method;
      input.addEventListener("change", () => this.choose(method));
      return option;
    });
    this.find(".methods").append(...this.options);
    this.find(".methods").hidden = !this.methods.length;
  }

  get frame() {
    return Math.floor(this.share * this.frames) + 1;
  }

  goto(frame) {
    this.seek((Math.min(Math.max(frame, 1), this.frames) - 0.5) / this.frames);
  }

  seek(share) {
    this.share = share;
    this.show();
  }

  choose(method) {
    if (!this.methods.includes(method)) return;
    this.method = method;
    this.refresh();
  }

  toggle() {
    const playing = this.timer === null && this.frames > 1;
    if (playing) this.timer = setInterval(() => this.goto((this.frame % this.frames) + 1), FRAME_MILLISECONDS);
    else this.timer = clearInterval(this.timer) || null;
    const button = this.find(".play");
    button.setAttribute("aria-pressed", playing);
    button.setAttribute("aria-label", playing ? "Pause" : "Play");
    button.firstElementChild.textContent = playing ? "❚❚" : "▶";
  }

  // The extremes of all clips, for one scale for all of them.
  shared() {
    const maps = this.players.map((player) => player.maps.get(this.method)).filter(Boolean);
    return maps.length ? widest(maps.flatMap((map) => map.extremes)) : [0, 0];
  }

  // Draw the current frame.
  show() {
    this.slider.value = this.frame;
    const place = `frame ${this.frame} of ${this.frames}`;
    this.slider.setAttribute("aria-valuetext", place);
    this.find(".place").textContent = place;
    this.element.dataset.frame = this.frame;
    const shared = this.shared();
    this.players.forEach((player, number) => {
      const frame = Math.floor(this.share * player.frames);
      player.draw(frame, this.method, this.view, shared);
      this.timelines[number].mark(frame, this.method);
    });
  }

  // Draw everything, after another method or other colours were chosen.
  refresh() {
    for (const option of this.options) {
      const input = option.querySelector("input");
      input.checked = input.value === this.method;
    }
    this.element.dataset.method = this.method || "";
    const shared = this.shared();
    this.timelines.forEach((timeline) => timeline.draw(this.method, this.view, shared));
    this.show();
  }
}

function questionScene(question, players, view) {
  const scene = new Scene(players, view);
  scene.find("h2").textContent = question.title;
  scene.find(".caption").textContent = question.caption;
  scene.find(".score strong").textContent = question.score;
  scene.find(".players").append(...players.map((player) => player.element));
  scene.find(".timelines").append(...scene.timelines.map((timeline) => timeline.element));
  if (players.length === 1) scene.timelines[0].showFrames();
  return scene;
}

// Cards in rows, each with its own small curve; the query leads them.
function rankingScene(ranking, players, view) {
  const scene = new Scene(players, view);
  scene.element.classList.add("ranking");
  scene.find("h2").textContent = "Ranked list";
  scene.find(".caption").textContent = ranking.caption;
  scene.find(".score").remove();
  scene.find(".timelines").remove();
  players.forEach((player, place) => {
    scene.timelines[place].find(".drawn").remove();
    player.element.append(scene.timelines[place].element);
    if (place) markRank(player, ranking.items[place - 1], place);
  });
  scene.find(".players").append(...players.map((player) => player.element));
  return scene;
}

function markRank(player, item, rank) {
  player.element.dataset.verdict = item.verdict;
  player.find(".rank").textContent = rank;
  player.find(".verdict").textContent = VERDICTS[item.verdict];
  player.find(".distance").textContent = `distance ${item.distance}`;
}
