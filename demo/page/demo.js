// The demo's page: a two-party call with perfect negotiation over /demo/signal.
// What it says to Peerglass is what any page would say: join, leave, mapStream
// and feedback; the SDK sees the rest by itself.
const $ = (id) => document.getElementById(id);
const peerglass = window.peerglass; // absent where there is no ingest key
const base = document.body.dataset.console;

const moods = ["sunny", "quiet", "brave", "early", "amber", "lucky", "gentle", "misty", "polar", "vivid"];
const places = ["harbour", "meadow", "summit", "garden", "island", "canyon", "lagoon", "forest", "valley", "plaza"];
const people = ["Ada", "Grace", "Alan", "Hedy", "Claude", "Radia", "Tim", "Barbara", "Linus", "Margaret"];
const any = (list) => list[Math.floor(Math.random() * list.length)];

// Whoever opens the page in two tabs means one call of two people: a tab comes
// into the room of the one before it, and under another name.
const memory = "peerglass-demo";
const remember = () => { try { localStorage.setItem(memory, JSON.stringify({ room, user, at: Date.now() })); } catch { /* not allowed here */ } };
const before = (() => {
  try {
    const last = JSON.parse(localStorage.getItem(memory));
    return Date.now() - last.at < 600_000 ? last : {};
  } catch {
    return {}; // the first tab, or a browser that remembers nothing
  }
})();

const address = new URL(location.href);
let room = address.searchParams.get("room") ?? before.room ?? `${any(moods)}-${any(places)}`;
let user = address.searchParams.get("user") ?? any(people.filter((name) => name !== before.user));
remember();
let other = "";
let local, made, signal, pc, screen, began, timer;
let makingOffer = false, ignoreOffer = false, polite = false;

$("room").value = room;
$("user").value = user;

// --- what we send ---------------------------------------------------------

async function source() {
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: { ideal: 1280 }, height: { ideal: 720 } } });
    return { stream, made: false };
  } catch (error) {
    $("preview-note").textContent = `No camera (${error.name ?? "not allowed here"}): a moving picture and a soft tone stand in for it.`;
    $("preview-note").hidden = false;
    return { stream: drawn(), made: true };
  }
}

/** A picture that moves and a tone that breathes, for machines without devices. */
function drawn() {
  const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 400 });
  const g = canvas.getContext("2d");
  const hue = Math.floor(Math.random() * 360);
  const start = performance.now();
  const draw = () => {
    const t = (performance.now() - start) / 1000;
    const sky = g.createLinearGradient(0, 0, 640, 400);
    sky.addColorStop(0, `hsl(${hue + t * 6} 45% 28%)`);
    sky.addColorStop(1, `hsl(${hue + 70 + t * 6} 55% 14%)`);
    g.fillStyle = sky;
    g.fillRect(0, 0, 640, 400);
    for (let i = 0; i < 7; i++) {
      g.fillStyle = `hsl(${hue + i * 24} 70% 65% / .5)`;
      g.beginPath();
      g.arc(320 + Math.sin(t * (0.4 + i / 9) + i) * 230, 200 + Math.cos(t * (0.5 + i / 7) + i * 2) * 120, 16 + i * 5, 0, 7);
      g.fill();
    }
    g.fillStyle = "#fff";
    g.font = "600 22px system-ui, sans-serif";
    g.textAlign = "center";
    g.fillText(new Date().toLocaleTimeString(), 320, 84);
  };
  draw();
  setInterval(draw, 1000 / 25);
  const stream = canvas.captureStream(25);
  const audio = new AudioContext();
  const tone = new OscillatorNode(audio, { frequency: 220 });
  const breath = new GainNode(audio, { gain: 0.02 });
  const swell = new OscillatorNode(audio, { frequency: 0.4 });
  const depth = new GainNode(audio, { gain: 0.018 });
  const out = audio.createMediaStreamDestination();
  swell.connect(depth).connect(breath.gain);
  tone.connect(breath).connect(out);
  tone.start();
  swell.start();
  addEventListener("pointerdown", () => audio.resume(), { once: true });
  stream.addTrack(out.stream.getAudioTracks()[0]);
  return stream;
}

async function prepare() {
  ({ stream: local, made } = await source());
  for (const id of ["preview", "local"]) {
    $(id).srcObject = local;
    $(id).toggleAttribute("data-made", made);
  }
}
const prepared = prepare();

// --- the call -------------------------------------------------------------

$("join").addEventListener("submit", async (e) => {
  e.preventDefault();
  room = $("room").value.trim();
  user = $("user").value.trim();
  if (!room || !user) return;
  $("enter").disabled = true;
  await prepared;
  enter();
});

function enter() {
  remember();
  $("problem").hidden = true;
  address.search = "";
  address.searchParams.set("room", room);
  history.replaceState(null, "", address);
  $("second").href = address.href;
  for (const id of ["console", "look"]) $(id).href = `${base}/calls?room=${encodeURIComponent(room)}`;
  $("room-name").textContent = room;
  $("local-name").textContent = user;
  document.title = `${room} · Peerglass demo`;

  peerglass?.join({ room, user, userName: user });
  const url = new URL("/demo/signal", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  url.search = new URLSearchParams({ room, user });
  signal = new WebSocket(url);
  signal.onmessage = (e) => hear(JSON.parse(e.data));
  signal.onclose = (e) => {
    if (!signal) return; // we hung up
    if (e.code === 4001 || e.code === 4002 || !pc) leave(e.reason || "The server does not answer: is it running?");
    else setTimeout(() => signal && pc?.connectionState !== "connected" && leave("The connection to the server was lost."), 5000);
  };
  signal.onopen = () => show("call");
  timer = setInterval(tick, 1000);
}

async function hear(m) {
  switch (m.type) {
    case "welcome":
      polite = m.polite === true;
      if (polite) connect(m.user, true);
      break;
    case "joined":
      connect(m.user, false);
      break;
    case "left":
      // Without a goodbye it may be the signalling alone that broke.
      if (pc?.connectionState !== "connected") disconnect();
      break;
    default:
      await negotiate(m).catch((error) => peerglass?.log("error", `negotiation: ${error}`));
  }
}

const say = (m) => signal?.readyState === 1 && signal.send(JSON.stringify(m));

function connect(who, first) {
  disconnect();
  other = who;
  pc = new RTCPeerConnection();
  pc.onicecandidate = ({ candidate }) => say({ candidate });
  pc.onnegotiationneeded = async () => {
    try {
      makingOffer = true;
      await pc.setLocalDescription();
      say({ description: pc.localDescription });
    } catch (error) {
      peerglass?.log("error", `offer: ${error}`);
    } finally {
      makingOffer = false;
    }
  };
  pc.ontrack = ({ track, streams }) => {
    peerglass?.mapStream(track, other);
    if ($("remote").srcObject !== streams[0]) $("remote").srcObject = streams[0];
    $("remote").play().catch(() => undefined);
  };
  pc.onconnectionstatechange = () => {
    if (!pc) return;
    const up = pc.connectionState === "connected";
    if (up) {
      began ??= Date.now();
      $("waiting").hidden = true;
      $("remote-name").textContent = other;
      $("remote-name").hidden = false;
    }
    if (pc.connectionState === "failed") {
      if (signal?.readyState === 1) pc.restartIce();
      else disconnect();
    }
    tick();
  };
  // One side opens, so that two tabs that come at once do not both offer.
  if (first) send();
}

function send() {
  for (const track of local.getTracks()) pc.addTrack(track, local);
  if (screen) pc.getSenders().find((s) => s.track?.kind === "video")?.replaceTrack(screen);
}

async function negotiate({ description, candidate, sharing, bye }) {
  if (bye) return disconnect();
  if (!pc) return;
  if (sharing !== undefined) $("remote").toggleAttribute("data-fit", sharing);
  if (description) {
    const collision = description.type === "offer" && (makingOffer || pc.signalingState !== "stable");
    ignoreOffer = !polite && collision;
    if (ignoreOffer) return;
    await pc.setRemoteDescription(description);
    if (description.type === "offer") {
      if (!pc.getSenders().some((s) => s.track)) send();
      await pc.setLocalDescription();
      say({ description: pc.localDescription });
    }
  } else if (candidate !== undefined) {
    try {
      await pc.addIceCandidate(candidate ?? undefined);
    } catch (error) {
      if (!ignoreOffer) throw error;
    }
  }
}

function disconnect() {
  pc?.close();
  pc = undefined;
  began = undefined;
  $("remote").srcObject = null;
  $("remote-name").hidden = true;
  $("waiting").hidden = false;
  tick();
}

addEventListener("pagehide", () => say({ bye: true }));

function leave(problem) {
  say({ bye: true });
  const socket = signal;
  signal = undefined;
  clearInterval(timer);
  disconnect();
  socket?.close();
  unshare();
  $("enter").disabled = false;
  if (problem) {
    peerglass?.log("error", problem);
    peerglass?.leave();
    $("problem").textContent = problem;
    $("problem").hidden = false;
    show("lobby");
    return;
  }
  show("after");
  // The stay ends when the call does, but a rating should still find it.
  parting = setTimeout(goodbye, 10_000);
}

let parting;
function goodbye() {
  clearTimeout(parting);
  peerglass?.leave();
}

function show(id) {
  for (const main of document.querySelectorAll("main")) main.hidden = main.id !== id;
}

// --- controls -------------------------------------------------------------

const press = (id, on) => $(id).setAttribute("aria-pressed", String(on));

$("mute").onclick = () => {
  const track = local.getAudioTracks()[0];
  if (!track) return;
  track.enabled = !track.enabled;
  press("mute", !track.enabled);
};
$("camera").onclick = () => {
  const track = local.getVideoTracks()[0];
  if (!track) return;
  track.enabled = !track.enabled;
  press("camera", !track.enabled);
};
$("screen").onclick = async () => {
  if (screen) return unshare();
  try {
    const stream = await navigator.mediaDevices.getDisplayMedia({ video: true });
    screen = stream.getVideoTracks()[0];
  } catch {
    return; // chosen not to, or not possible here
  }
  screen.onended = unshare;
  press("screen", true);
  pc?.getSenders().find((s) => s.track?.kind === "video")?.replaceTrack(screen);
  $("local").srcObject = new MediaStream([screen]);
  $("local").setAttribute("data-made", "");
  say({ sharing: true });
};
function unshare() {
  if (!screen) return;
  screen.stop();
  screen = undefined;
  press("screen", false);
  pc?.getSenders().find((s) => s.track?.kind === "video")?.replaceTrack(local.getVideoTracks()[0]);
  $("local").srcObject = local;
  $("local").toggleAttribute("data-made", made);
  say({ sharing: false });
}
$("hang-up").onclick = () => leave();
$("copy").onclick = async () => {
  try {
    await navigator.clipboard.writeText(address.href);
    $("copy").textContent = "Copied";
    setTimeout(() => ($("copy").textContent = "Copy the room's link"), 1500);
  } catch {
    prompt("The room's link:", address.href);
  }
};

// --- after the call ---------------------------------------------------------

const star = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="m12 3.5 2.6 5.4 5.9.8-4.3 4.1 1.1 5.9-5.3-2.8-5.3 2.8 1.1-5.9-4.3-4.1 5.9-.8z"/></svg>';
for (let n = 1; n <= 5; n++) {
  const button = document.createElement("button");
  button.type = "button";
  button.innerHTML = star;
  button.setAttribute("aria-label", `${n} of 5`);
  button.onclick = () => {
    for (const [i, b] of [...$("stars").children].entries()) b.toggleAttribute("data-on", i < n);
    peerglass?.feedback({ overall: n });
    goodbye();
  };
  $("stars").append(button);
}
$("again").onclick = () => {
  for (const b of $("stars").children) b.removeAttribute("data-on");
  goodbye();
  enter();
};

// --- what Peerglass is doing ------------------------------------------------

async function tick() {
  $("clock").textContent = began ? new Date(Date.now() - began).toISOString().slice(14, 19) : "waiting";
  if (!pc || pc.connectionState !== "connected") {
    $("figures").textContent = "";
    return;
  }
  let rtt, lost = 0, got = 0, width, height, fps;
  for (const s of (await pc.getStats()).values()) {
    if (s.type === "candidate-pair" && s.nominated) rtt = s.currentRoundTripTime ?? rtt;
    if (s.type === "inbound-rtp") {
      lost += s.packetsLost ?? 0;
      got += s.packetsReceived ?? 0;
      if (s.kind === "video") ({ frameWidth: width, frameHeight: height, framesPerSecond: fps } = s);
    }
  }
  $("figures").textContent = [
    width && `${width}×${height}${fps ? ` · ${Math.round(fps)} fps` : ""}`,
    `${rtt === undefined ? "" : `${Math.round(rtt * 1000)} ms · `}${got + lost ? ((100 * lost) / (got + lost)).toFixed(1) : "0.0"} % lost`,
  ].filter(Boolean).join("\n");
}

if (peerglass?.on) {
  const words = { idle: "ready to watch", connecting: "connecting to Peerglass", live: "Peerglass is watching", offline: "Peerglass is away, keeping what it misses", stopped: "Peerglass does not watch" };
  const watch = () => {
    const s = peerglass.status();
    if (!s) return;
    $("watch").hidden = false;
    $("watch").dataset.state = s.state;
    $("watch-text").textContent = words[s.state];
    $("watch-count").textContent = s.state === "live" && s.polls ? `${s.polls} polls` : "";
  };
  peerglass.on("status", watch);
  peerglass.on("stats", watch);
  watch();
} else {
  $("watch").hidden = false;
  $("watch").dataset.state = "stopped";
  $("watch-text").textContent = document.body.dataset.key ? "the SDK was not built into this server" : "no ingest key: nothing is collected";
}
