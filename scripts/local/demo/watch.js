// Watching: asks for a video, plays what the answer says, and renews it in time.
import { show } from './wire.js';
import { byId, clearProblems, factRows, make, moment, problem, slug, time } from './page.js';
import { call, config, sessionEnded } from './session.js';

let sitting = null;

function access(video) {
  if (video.access === 'free') return ['good', 'free'];
  if (video.access === 'members') return ['', 'for members'];
  return ['warn', `tier “${video.min_tier}”`];
}

function videoTile(video) {
  const [kind, text] = access(video);
  const preview = video.preview_seconds ? `, ${video.preview_seconds} s preview` : '';
  const button = make('button', { type: 'button', className: 'tile' },
    make('span', { className: `badge ${kind}`, textContent: text + preview }),
    make('span', { className: 'title', textContent: video.title }),
    make('span', { className: 'hint', textContent: video.about }));
  button.setAttribute('aria-pressed', 'false');
  button.dataset.video = video.id;
  button.addEventListener('click', () => watch(video));
  return make('li', {}, button);
}

function select(video) {
  for (const button of document.querySelectorAll('[data-video]')) {
    button.setAttribute('aria-pressed', String(button.dataset.video === video.id));
  }
}

export async function watch(video) {
  clearProblems();
  stop();
  select(video);
  const reply = await call('GET', `/v1/videos/${video.id}/playback`);
  if (reply.status === 200) play(video, reply.body);
  else if (!sessionEnded(reply)) refuseVideo(reply);
}

function refuseVideo(reply) {
  const advice = {
    'missing-token': ['Log in first.', 'account'],
    'subscription-required': ['Choose a plan first.', 'plans'],
    'subscription-lapsed': ['Choose a plan again.', 'plans'],
    'payment-required': ['A payment is due.', 'plans'],
    'tier-required': [`It needs the tier “${reply.body.required_tier}”.`, 'plans'],
  }[slug(reply)];
  problem('watch-problem', reply, advice ? make('a', { href: `#${advice[1]}`, textContent: advice[0] }) : null);
}

/** Plays what an answer of playback says, from `position` on where it replaces an earlier answer. */
function play(video, answer, position = answer.resume_position_seconds || 0) {
  stop();
  const player = byId('player');
  byId('theatre').hidden = false;
  byId('theatre').scrollIntoView({ block: 'nearest' });
  if (answer.entitlement.reason === 'subscription') byId('plans').className = 'card finished';
  byId('playing').textContent = video.title;
  byId('kind').textContent = answer.kind === 'preview' ? 'preview' : 'full video';
  byId('kind').className = `badge ${answer.kind === 'preview' ? 'warn' : 'good'}`;
  if (answer.poster_url) player.poster = answer.poster_url;
  else player.removeAttribute('poster');
  facts(answer, '–');
  sitting = { hls: null, timer: refreshLater(video, answer) };
  if (window.Hls && Hls.isSupported()) sitting.hls = playWithHls(player, answer, position);
  else playNatively(player, answer, position);
  storyboard(answer.storyboard_url);
  // A browser may refuse to start sound without a click; the controls then wait for one.
  player.play().catch(() => {});
}

function playWithHls(player, answer, position) {
  // Without a worker, whose script would be a blob that the page's policy does not let in.
  const hls = new Hls({ enableWorker: false, startPosition: position || -1 });
  const seen = (url) => show('GET', new URL(url).pathname, 200, undefined, undefined, 'The video edge: see its address in the answer of playback.');
  hls.on(Hls.Events.MANIFEST_LOADED, (_, data) => seen(data.url));
  hls.on(Hls.Events.LEVEL_LOADED, (_, data) => seen(data.details.url));
  hls.on(Hls.Events.FRAG_LOADED, (_, data) => seen(data.frag.url));
  hls.on(Hls.Events.LEVEL_SWITCHED, (_, data) => facts(answer, `${hls.levels[data.level].height}p`));
  hls.on(Hls.Events.ERROR, (_, data) => {
    if (!data.fatal) return;
    const status = data.response ? data.response.code : 0;
    problem('watch-problem', { status, body: { title: 'The video edge refuses', detail: `${data.details}: it answered ${status || 'nothing'}.` } });
  });
  hls.loadSource(answer.hls_url);
  hls.attachMedia(player);
  return hls;
}

/** Safari plays HLS by itself. */
function playNatively(player, answer, position) {
  player.src = answer.hls_url;
  player.addEventListener('loadedmetadata', () => { player.currentTime = position; }, { once: true });
  player.onerror = () => problem('watch-problem', { status: 0, body: { title: 'The video cannot be played' } });
}

/** A token does not outlive its time: before that, the same request renews it and the picture goes on where it was. */
function refreshLater(video, answer) {
  const wait = new Date(answer.refresh_after) - Date.now();
  return setTimeout(async () => {
    const again = answer.session_id ? `?session_id=${answer.session_id}` : '';
    const reply = await call('GET', `/v1/videos/${video.id}/playback${again}`);
    if (reply.status === 200) play(video, reply.body, byId('player').currentTime);
    else if (!sessionEnded(reply)) { stop(); refuseVideo(reply); }
  }, Math.max(wait, 1000));
}

export function stop() {
  const player = byId('player');
  if (sitting) {
    clearTimeout(sitting.timer);
    if (sitting.hls) sitting.hls.destroy();
  }
  sitting = null;
  player.onerror = null;
  player.pause();
  player.removeAttribute('src');
  player.load();
  byId('storyboard').replaceChildren();
  byId('theatre').hidden = true;
}

function facts(answer, quality) {
  const { reason, tier, until, grace } = answer.entitlement;
  const rows = {
    'Why it plays': reason + (tier ? `, tier “${tier}”` : '') + (grace ? ', in grace' : ''),
    'Right until': moment(until),
    'Address expires': time(answer.expires_at),
    'Renewed after': time(answer.refresh_after),
    'Best quality': answer.max_resolution || 'no cap',
    'Now showing': quality,
  };
  byId('facts').replaceChildren(...factRows(rows));
}

/** The storyboard's tiles as buttons that seek. */
async function storyboard(url) {
  const mine = sitting;
  if (!url) return;
  const reply = await fetch(url);
  show('GET', new URL(url).pathname, reply.status, undefined, undefined, 'The storyboard: which tile of one picture shows which second.');
  const text = reply.ok ? await reply.text() : '';
  const cues = text.matchAll(/(\d+):(\d+):([\d.]+) --> .*\n(.+)#xywh=(\d+),(\d+),(\d+),(\d+)/g);
  const tiles = [...cues].map(([, hours, minutes, seconds, picture, x, y, width, height]) => {
    const start = hours * 3600 + minutes * 60 + Number(seconds);
    const button = make('button', { type: 'button', title: `Second ${start}` });
    button.setAttribute('aria-label', `Go to second ${start}`);
    const scale = 128 / width;
    button.style.backgroundImage = `url("${picture}")`;
    button.style.backgroundPosition = `${-x * scale}px ${-y * scale}px`;
    button.style.backgroundSize = `${1024 * scale}px auto`;
    button.style.height = `${height * scale}px`;
    button.addEventListener('click', () => { byId('player').currentTime = start; });
    return button;
  });
  if (mine === sitting) byId('storyboard').replaceChildren(...tiles);
}

/** What can be watched. */
export function showVideos() {
  byId('video-list').replaceChildren(...config.videos.map(videoTile));
}
