// @slack/socket-mode: what apps.connections.open and the handshake can answer, and the eleventh connection.
'use strict';

const { url, app, bot, check, pause, until, control, knob, records, thrown, load, quietLogger, main } = require('./lib');
const { SocketModeClient } = load('@slack/socket-mode');

function client(more) {
  const logger = quietLogger();
  const it = new SocketModeClient({ appToken: app, logger, clientOptions: { slackApiUrl: `${url}/api/`, logger }, clientPingTimeout: 1000, ...more });
  it.log = logger.lines;
  it.on('error', () => {});
  return it;
}

async function fatal() {
  for (const error of ['not_authed', 'invalid_auth', 'account_inactive', 'user_removed_from_team', 'team_disabled']) {
    await control('answer', { call: 'apps.connections.open', with: { error }, times: 1 });
    const why = await Promise.race([thrown(client().start()), pause(5000)]);
    check(`${error} is fatal`, why && why.data && why.data.error === error, why && why.message);
  }
  const wrong = await Promise.race([thrown(client({ appToken: 'xapp-1-nobody' }).start()), pause(5000)]);
  check('an unknown token is invalid_auth', wrong && wrong.data.error === 'invalid_auth', wrong && wrong.message);
}

async function transient() {
  for (const [name, answer, times] of [
    ['internal_error', { error: 'internal_error' }, 1],
    ['token_revoked', { error: 'token_revoked' }, 1],
    ['a page of HTML with 200', { status: 200, body: '<html>busy</html>' }, 1],
    ['two 503', { status: 503 }, 2],
    ['a 500 with HTML', { status: 500 }, 1],
    ['429 with Retry-After', { status: 429, retry_after: '1s' }, 1],
    ['429 without', { status: 429 }, 1],
    ['a connection reset before the answer', { lost: 'before' }, 1],
    ['an answer that is cut', { cut_at: 10 }, 1],
    ['an answer of a second', { delay: '20s' }, 1],
  ]) {
    await control('answer', { clear: true });
    await control('answer', { call: 'apps.connections.open', with: answer, times });
    const before = (await control('log', { what: 'requests', path: '/api/apps.connections.open' })).length;
    const it = client();
    const began = Date.now();
    const started = await Promise.race([it.start().then(() => true, (error) => error.message), pause(15000)]);
    const calls = (await control('log', { what: 'requests', path: '/api/apps.connections.open' })).length - before;
    check(`after ${name} it connects`, started === true && calls === (answer.delay ? 1 : times + 1), [started, calls, Date.now() - began, it.log.slice(-8)]);
    await it.disconnect();
  }
}

async function handshake() {
  await knob('ticket_ttl', 0);
  const it = client();
  const started = it.start();
  await until(async () => (await records('ws')).some((record) => record.ws === 'refused' && record.reason === 'ticket'), 5000);
  check('a ticket that is too old is refused', (await records('ws')).some((record) => record.reason === 'ticket'));
  await knob('ticket_ttl', '30s');
  check('and the client asks for another', await Promise.race([started.then(() => true), pause(10000)]), it.log.slice(-8));
  await it.disconnect();

  await control('refuse', { what: 'connections', for: '10s' });
  const other = client();
  check('handshakes that are reset are tried again', await Promise.race([other.start().then(() => true), pause(10000)]), other.log.slice(-8));
  await other.disconnect();

  await knob('upgrade_delay', '10s');
  await knob('hello_delay', '10s');
  const late = client();
  const began = Date.now();
  check('a late 101 and a late hello are waited for', (await Promise.race([late.start().then(() => true), pause(10000)])) && Date.now() - began > 900, Date.now() - began);
  await late.disconnect();
  await knob('upgrade_delay', 0);
  await knob('hello_delay', 0);
}

async function eleven() {
  const ten = [];
  for (let i = 0; i < 10; i++) {
    ten.push(client());
    await ten[i].start();
  }
  const hello = (await records('ws')).filter((record) => record.ws === 'hello').length;
  const last = client();
  const states = [];
  last.on('connected', () => states.push('connected'));
  last.on('reconnecting', () => states.push('reconnecting'));
  void last.start().catch(() => {});
  await until(async () => (await records('ws')).some((record) => record.reason === 'too_many_websockets'), 5000);
  check('the eleventh is told too_many_websockets', (await records('ws')).some((record) => record.reason === 'too_many_websockets'));
  check('and gets no hello', (await records('ws')).filter((record) => record.ws === 'hello').length === hello);
  await ten[0].disconnect();
  check('when one of the ten goes, it gets in', await until(() => states.includes('connected'), 15000), [states, last.log.slice(-8)]);
  await control('invite', { in: 'general', bot: true });
  const conns = new Set();
  for (let i = 0; i < 60; i++) await control('post', { as: 'alice', in: 'general', text: `m${i}` });
  await pause(500);
  (await records('envelope')).filter((one) => /^m\d/.test(one.text)).forEach((one) => conns.add(one.conn));
  check('events go to all of the ten, each to one', conns.size >= 8, [...conns]);
  await Promise.all([...ten.slice(1), last].map((it) => it.disconnect()));
}

async function switchedOff() {
  await knob('socket_mode', false);
  const it = client();
  void it.start().catch(() => {});
  await until(() => it.log.some((line) => /not_allowed_token_type/.test(line)), 5000);
  check('Socket Mode switched off is said', it.log.some((line) => /not_allowed_token_type/.test(line)), it.log.slice(-8));
  await knob('socket_mode', true);
  await it.disconnect().catch(() => {});
  const { WebClient } = load('@slack/web-api');
  const web = (token) => new WebClient(token, { slackApiUrl: `${url}/api/`, logger: quietLogger(), retryConfig: { retries: 0 } });
  check('a bot token may not open one', (await thrown(web(bot).apps.connections.open())).data.error === 'not_allowed_token_type');
  const form = await fetch(`${url}/api/apps.connections.open`, { method: 'POST', body: new URLSearchParams({ token: app }) });
  check('the token must be in the header', (await form.json()).error === 'not_authed');
  const get = await fetch(`${url}/api/apps.connections.open`, { headers: { Authorization: `Bearer ${app}` } });
  check('GET is insecure_request', (await get.json()).error === 'insecure_request');
}

main(async () => {
  await fatal();
  await transient();
  await handshake();
  await eleven();
  await switchedOff();
});
