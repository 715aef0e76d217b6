// Needletail for web pages: who visits, what they look at and for how long, what they buy. README.md beside this file says how
// to use it. No cookies, no dependencies. Served as needletail.js beside this file, without comments and unneeded spaces.
(() => {
  'use strict';
  const BATCH = 100, KEPT = 1000, CHARS = 5e5, BEACON = 6e4, IDLE = 18e5;
  const { assign, entries, values } = Object, now = () => Date.now();
  let base, writeKey, headers, name, view, timer, isOn, isBusy, failed = 0, state = {};

  const random = () => crypto.getRandomValues(new Uint32Array(4)).join('');
  const iso = time => new Date(time).toISOString();
  const size = body => new Blob([body]).size;
  // Without what the server would refuse: NUL, halves of characters, and what is too long.
  const text = (value, most) => [...String(value).replace(/[\0\ud800-\udfff]/gu, '')].slice(0, most).join('');
  const map = (object, change) => {
    const result = {};
    for (const [key, value] of entries(object || {})) if (value != null) result[text(key, 50)] = change(value);
    return result;
  };

  // One item of localStorage, shared by all tabs: read before each change, saved before anything else is called. In memory only where the browser forbids it.
  const load = () => {
    try { state = JSON.parse(localStorage.getItem(name)) || state; } catch (_) { }
    return (state = assign({ id: random(), queue: [], views: {} }, state));
  };
  // Another tab may have been told that it is not wanted.
  const isLive = () => isOn && load().consent !== false;
  const save = () => {
    // Bounded: the oldest events go first.
    state.queue = state.queue.slice(-KEPT);
    while (JSON.stringify(state.queue).length > CHARS) state.queue.splice(0, 50);
    try { localStorage.setItem(name, JSON.stringify(state)); } catch (_) { }
  };

  // 30 idle minutes end a session; pages in between belong to one.
  function session() {
    const { last } = load().session || {};
    if (!(now() - last < IDLE)) {
      state.session = { id: random(), start: now(), last: now() };
      describe();
      put('_session.start');
    }
    state.session.last = now();
    return state.session;
  }
  function put(type, attributes, metrics, { time, key = random(), isEnd } = {}) {
    if (!isLive()) return;
    const { id, start, last } = session();
    const Session = { Id: id, StartTimestamp: iso(start) };
    if (isEnd) assign(Session, { StopTimestamp: iso(last), Duration: last - start });
    state.queue.push([state.id, key, {
      EventType: text(type, 128), Timestamp: iso(time || last), Session, SdkName: 'needletail.js',
      Attributes: map(attributes, value => text(value, 200)), Metrics: map(metrics, Number),
    }]);
    save();
    soon();
  }
  // What is known of this browser's endpoint goes with the next events.
  function describe(more) {
    const Timezone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const Demographic = { Locale: navigator.language, Platform: 'Web', Timezone };
    state.endpoint = assign({}, state.endpoint, { Demographic }, more);
    state.change = random();
    save();
    soon();
  }

  function batch(most) {
    const { queue, id, endpoint, change } = load(), taken = queue.slice(0, most), BatchItem = {};
    const item = id => (BatchItem[id] = BatchItem[id] || { Endpoint: {}, Events: {} });
    for (const [id, key, event] of taken) item(id).Events[key] = event;
    if (change) item(id).Endpoint = endpoint;
    return { isEmpty: !change && !taken.length, keys: taken.map(([, key]) => key), change, body: JSON.stringify({ BatchItem }) };
  }
  function done({ keys, change }) {
    load().queue = state.queue.filter(([, key]) => !keys.includes(key));
    if (state.change === change) state.change = 0;
    save();
  }
  const post = body => fetch(base + 'events', { method: 'POST', headers, body, keepalive: size(body) < BEACON });
  const flushIn = delay => (timer = timer || setTimeout(() => flush(timer = 0), delay));
  const soon = () => failed || flushIn(1000);
  async function flush() {
    if (!isLive() || isBusy || navigator.onLine === false) return;
    const next = batch(BATCH);
    if (next.isEmpty) return;
    isBusy = true;
    let isDone;
    try {
      // What is refused for good must not hold up what comes after it.
      isDone = [202, 400, 413].includes((await post(next.body)).status);
    } catch (_) { }
    isBusy = false;
    failed = isDone ? 0 : failed + 1;
    if (isDone) done(next);
    flushIn(failed && Math.min(3e5, 500 * 2 ** failed) * (0.5 + Math.random()));
  }
  // A beacon's answer cannot be seen: while requests fail, what is queued rather waits for the next page.
  function beacon() {
    for (let most = BATCH; most >= 1 && !failed && navigator.onLine !== false;) {
      const next = batch(most);
      if (next.isEmpty) return;
      if (size(next.body) > BEACON) most /= 2;
      else if (navigator.sendBeacon(`${base}events?write-key=${writeKey}`, next.body)) done(next);
      else return post(next.body).catch(() => { });
    }
  }

  // One page.view per view, when it ends; its dwell time counts only while the page could be seen.
  function open(referrer) {
    view = { key: random(), time: now(), url: location.href, referrer, dwell: 0 };
    look();
  }
  function pause() {
    if (view.since) {
      view.dwell += performance.now() - view.since;
      load().session.last = now();
      save();
    }
    assign(view, { since: 0, title: document.title, seen: now() });
  }
  function close({ url, title, referrer, dwell, key, time }) {
    delete load().views[key];
    save();
    put('page.view', { url, title, referrer }, { dwell: dwell | 0 }, { key, time });
  }
  function arrive() {
    session();
    // Of tabs that were never heard of again.
    for (const old of values(state.views)) if (now() - old.seen > IDLE) close(old);
    open(document.referrer);
  }
  function move() {
    if (!isLive() || view.url === location.href) return;
    pause();
    close(view);
    open(view.url);
  }
  function leave() {
    if (!isLive()) return;
    pause();
    close(view);
    put('_session.stop', {}, {}, { isEnd: true });
    beacon();
    isOn = false;
  }
  // A tab in the background may be ended without a word: its view is kept where the next page finds it.
  function look() {
    if (!isLive()) return;
    if (document.hidden) {
      pause();
      load().views[view.key] = view;
    } else {
      if (view.seen && !load().views[view.key]) return arrive();
      delete state.views[view.key];
      view.since = performance.now();
    }
    save();
    flush();
  }

  function start() {
    isOn = true;
    arrive();
  }

  window.needletail = {
    get endpointId() { return state.id; },
    // Once a page.
    init({ url, app, writeKey: key, consent, doNotTrack }) {
      writeKey = key;
      name = 'needletail.' + app;
      base = `${url}/v1/apps/${app}/`;
      headers = { 'Content-Type': 'application/json', 'X-Needletail-Write-Key': key };
      if (doNotTrack !== false && (navigator.doNotTrack === '1' || navigator.globalPrivacyControl)) consent = false;
      if (assign({ consent }, load()).consent !== false) start();
      const { pushState } = history;
      history.pushState = function (...change) {
        pushState.apply(this, change);
        move();
      };
      const pageshow = ({ persisted }) => persisted && view && start();
      const acts = { popstate: move, pagehide: leave, pageshow, online: () => flush(failed = 0), visibilitychange: look };
      for (const [event, act] of entries(acts)) addEventListener(event, act);
    },
    consent(isGiven) {
      state = isGiven ? load() : { queue: [] };
      state.consent = isGiven;
      save();
      if (!isGiven) isOn = view = false;
      else if (!isOn) start();
    },
    identify(UserId, attributes, { address: Address, channelType: ChannelType } = {}) {
      if (!isLive()) return;
      const { User } = load().endpoint;
      if (User && User.UserId !== UserId) this.reset();
      const UserAttributes = map(attributes, value => [].concat(value).map(one => text(one, 100)));
      describe({ User: { UserId, UserAttributes }, Address, ChannelType });
    },
    // The next person at this browser is somebody else.
    reset() {
      assign(load(), { id: random(), endpoint: {} });
      describe();
    },
    track(type, attributes, metrics) { put(type, attributes, metrics); },
    purchase({ productId: _product_id, price: _item_price, quantity: _quantity = 1, currency: _currency }, attributes) {
      this.track('_monetization.purchase', assign({ _product_id, _currency }, attributes), { _item_price, _quantity });
    },
    inAppMessages: () => fetch(`${base}endpoints/${state.id}/inappmessages`, { headers })
      .then(answer => answer.json()).then(answer => answer.InAppMessageCampaigns || []).catch(() => []),
    flush,
  };
})();
