// @slack/socket-mode: from start to disconnect: states, hello, events of every kind, acknowledgements, retries.
'use strict';

const { url, app, check, pause, until, control, knob, records, load, version, quietLogger, main } = require('./lib');
const { SocketModeClient } = load('@slack/socket-mode');

const STATES = ['connecting', 'authenticated', 'connected', 'reconnecting', 'disconnecting', 'disconnected', 'error'];

function client() {
  const logger = quietLogger();
  const it = new SocketModeClient({ appToken: app, logger, clientOptions: { slackApiUrl: `${url}/api/`, logger }, clientPingTimeout: 3000 });
  it.states = [];
  STATES.forEach((state) => it.on(state, () => it.states.push(state)));
  return it;
}

async function connecting(it) {
  const opened = await it.start();
  check('start() resolves with what apps.connections.open answered', opened.ok && /^wss?:\/\/.*ticket=.*app_id=[0-9a-f]{64}$/.test(opened.url), opened);
  check('states come in order', it.states.join() === 'authenticated,connecting,connected', it.states);
  const hello = (await records('ws')).map((record) => record.ws).join();
  check('the simulator saw open, then said hello', hello === 'open,hello', hello);
  check('scope headers reach the client', opened.response_metadata.scopes.includes('connections:write'), opened.response_metadata);
}

async function events(it) {
  const seen = [];
  it.on('slack_event', async (event) => {
    seen.push(event);
    await event.ack();
  });
  const named = [];
  ['message', 'reaction_added', 'pin_added', 'member_joined_channel', 'channel_archive', 'channel_created', 'user_change', 'team_join'].forEach((name) => it.on(name, ({ event }) => named.push(event.type)));
  await control('invite', { in: 'general', bot: true });
  await control('post', { as: 'alice', in: 'general', text: 'hello ✓ 𝄞' });
  await control('edit', { as: 'alice', in: 'general', of: 'hello ✓ 𝄞', text: 'changed' });
  await control('react', { as: 'carol', in: 'general', of: 'changed', name: 'tada' });
  await control('pin', { as: 'carol', in: 'general', of: 'changed' });
  await control('post', { as: 'dave', in: 'general', text: 'reply', thread_of: 'changed' });
  await control('delete', { as: 'dave', in: 'general', of: 'reply' });
  await control('create_channel', { name: 'newroom' });
  await control('archive', { in: 'newroom' });
  await control('add_user', { name: 'erin' });
  await control('update_user', { user: 'erin', real_name: 'Erin E.' });
  await control('post', { as: 'alice', in: 'general', text: 'x'.repeat(39000) });
  await until(() => seen.some((event) => event.body.event.text && event.body.event.text.length === 39000));
  const subtypes = seen.filter((event) => event.body.event.type === 'message').map((event) => event.body.event.subtype || '-');
  check('messages, edits and deletions arrive', ['-', 'channel_join', 'message_changed', 'message_deleted'].every((name) => subtypes.includes(name)), subtypes);
  check('four-byte characters arrive whole', seen.some((event) => event.body.event.text === 'hello ✓ 𝄞'));
  check('a message of 39,000 characters arrives whole', seen.some((event) => (event.body.event.text || '').length === 39000));
  check('events are named by the inner type', ['message', 'reaction_added', 'pin_added', 'member_joined_channel', 'channel_created', 'channel_archive', 'team_join', 'user_change'].every((name) => named.includes(name)), named);
  check('first deliveries say attempt 0 and no reason', seen.every((event) => event.retry_num === 0 && event.retry_reason === ''));
  check('events accept no response payload', seen.every((event) => event.accepts_response_payload === false));
  check('each event has an ID of its own', new Set(seen.map((event) => event.body.event_id)).size === seen.length);
  await until(async () => (await records('ack')).length === seen.length, 3000);
  const acks = await records('ack');
  check('every envelope was acknowledged in time', acks.length === seen.length && acks.every((ack) => !ack.late && !ack.unknown), acks.length);
}

async function retries(it) {
  const tries = [];
  it.removeAllListeners('slack_event');
  it.on('slack_event', async (event) => {
    if (!event.body || event.body.event.text !== 'slow') return event.body && event.ack();
    tries.push([event.retry_num, event.retry_reason, event.envelope_id, event.body.event_id]);
    return event.retry_num === 3 ? event.ack() : undefined;
  });
  await knob('retry_2', '10s');
  await knob('retry_3', '20s');
  await knob('ack_deadline', '10s');
  await control('post', { as: 'alice', in: 'general', text: 'slow' });
  await until(() => tries.length === 4, 15000);
  check('an event without acknowledgement is tried four times', tries.length === 4, tries);
  check('retry_attempt counts 0, 1, 2, 3', tries.map((one) => one[0]).join() === '0,1,2,3', tries);
  check('retry_reason is timeout from the second on', tries.map((one) => one[1]).join() === ',timeout,timeout,timeout', tries);
  check('its event_id stays the same', new Set(tries.map((one) => one[3])).size === 1);
  check('its envelope_id is new each time', new Set(tries.map((one) => one[2])).size === 4);
  await pause(300);
  check('once acknowledged it is not lost', (await records('lost')).length === 0);
}

async function oddities(it, logger) {
  const before = it.states.length;
  await control('envelope', { how: 'raw', text: 'UNAUTHENTICATED: cache_error' });
  await control('envelope', { how: 'raw', text: '{"type":"unheard_of","x":1}' });
  await control('envelope', { how: 'raw', binary: '00ff00ff' });
  await control('post', { as: 'alice', in: 'general', text: 'after odd frames' });
  let seen = await until(async () => (await records('ack')).length && (await records('envelope')).some((one) => one.text === 'after odd frames'));
  check('text that is no JSON, an unknown type and a binary frame do no harm', seen && it.states.length === before, it.states);
  for (const [name, args] of [['in pieces of 7 bytes', { how: 'pieces', bytes: 7 }], ['in fragments of 50 bytes', { how: 'fragments', bytes: 50 }], ['stalled and then at once', { how: 'stall', every: '10s' }]]) {
    const text = `sent ${name}`;
    const got = new Promise((done) => it.on('message', ({ event }) => event.text === text && done(true)));
    await control('wire', args);
    await control('post', { as: 'alice', in: 'general', text });
    check(`a frame ${name} is read`, await Promise.race([got, pause(8000)]));
    await control('wire', { how: 'plain' });
  }
  const order = [];
  it.on('message', ({ event }) => /^order/.test(event.text) && order.push(event.text));
  await control('envelope', { how: 'reorder', times: 3 });
  for (const n of [1, 2, 3]) await control('post', { as: 'alice', in: 'general', text: `order ${n}` });
  await until(() => order.length === 3);
  check('events can be turned round', order.join() === 'order 3,order 2,order 1', order);
  order.length = 0;
  await control('envelope', { how: 'withhold', times: 2 });
  for (const n of [1, 2]) await control('post', { as: 'alice', in: 'general', text: `order ${n}` });
  await pause(300);
  const held = order.length;
  await control('envelope', { how: 'release' });
  await until(() => order.length === 2);
  check('events can be withheld and released', held === 0 && order.join() === 'order 1,order 2', order);
  order.length = 0;
  await control('post', { as: 'alice', in: 'general', text: 'order once' });
  await until(() => order.length === 1);
  await control('envelope', { how: 'duplicate' });
  await until(() => order.length === 2);
  check('an envelope can come twice', order.join() === 'order once,order once', order);
  void logger;
}

async function beats() {
  await until(async () => (await records('pong')).length > 2);
  const pings = await records('ping');
  check('the simulator pings and the client answers', (await records('pong')).length > 2);
  await until(async () => (await records('ping')).some((ping) => ping.from === 'client'), 8000);
  check('the client pings', pings.some((ping) => ping.from === 'slack') && (await records('ping')).some((ping) => ping.from === 'client'));
  const frames = await control('log', { what: 'frames' });
  check('the log has frames both ways', ['slack', 'client'].every((from) => frames.some((frame) => frame.from === from && frame.opcode === 'text')));
  const requests = await control('log', { what: 'requests', path: '/api/apps.connections.open' });
  check('the log has the request, its agent and no token', requests.length === 1 && requests[0].status === 200 && JSON.stringify(requests).includes('@slack:socket-mode/3.1.0') && !JSON.stringify(requests).includes(app), requests);
}

main(async () => {
  console.log(`# @slack/socket-mode ${version('@slack/socket-mode')}, node ${process.version}`);
  const it = client();
  await connecting(it);
  await events(it);
  await retries(it);
  await oddities(it);
  await beats();
  await it.disconnect();
  check('disconnect() ends in disconnected', it.states.at(-1) === 'disconnected', it.states);
  const closed = await until(async () => (await records('ws')).find((record) => record.ws === 'closed'));
  check('the simulator saw the close frame', /code 1000/.test(closed && closed.reason), closed);
});
