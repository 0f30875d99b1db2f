// @slack/socket-mode: every way a connection can end, each on a client of its own, and that each comes back.
'use strict';

const { url, app, check, pause, until, control, knob, records, load, quietLogger, main } = require('./lib');
const { SocketModeClient } = load('@slack/socket-mode');

function client() {
  const logger = quietLogger();
  const it = new SocketModeClient({ appToken: app, logger, clientOptions: { slackApiUrl: `${url}/api/`, logger }, clientPingTimeout: 2000 });
  it.connections = 0;
  it.log = logger.lines;
  it.on('connected', () => it.connections++);
  it.on('error', () => {});
  it.on('slack_event', async ({ ack }) => ack());
  return it;
}

// Starts a client and finds the number of its connection.
async function start() {
  const it = client();
  await it.start();
  it.conn = (await records('ws')).filter((record) => record.ws === 'hello').at(-1).conn;
  return it;
}

const ENDS = [
  ['warning, and later a close frame', { reason: 'warning' }],
  ['refresh_requested', { reason: 'refresh_requested' }],
  ['refresh_requested and no close frame', { reason: 'refresh_requested', how: 'fin' }],
  ['link_disabled', { reason: 'link_disabled' }],
  ['too_many_websockets', { reason: 'too_many_websockets' }],
  ['a close frame with code 1001', { reason: 'none', code: 1001 }],
  ['a close frame with code 4000', { reason: 'none', code: 4000 }],
  ['a close frame and the TCP connection left open', { reason: 'none', how: 'leave_open' }],
];
const MORE = [
  ['a reset', { reason: 'none', how: 'rst' }],
  ['a FIN without a close frame', { reason: 'none', how: 'fin' }],
  ['silence', { reason: 'none', how: 'silence' }],
];

async function ends(list) {
  const clients = [];
  for (const [name, args] of list) clients.push([name, args, await start()]);
  await control('post', { as: 'alice', in: 'general', text: 'before' });
  for (const [, args, it] of clients) await control('disconnect', { conn: it.conn, ...args });
  await Promise.all(clients.map(async ([name, , it]) => {
    await until(() => it.connections === 2, 20000);
    check(`after ${name} the client is connected again`, it.connections === 2, it.log.slice(-12));
  }));
  await until(async () => (await control('state')).connections?.filter((one) => one.state === 'open').length === list.length, 5000);
  await control('post', { as: 'alice', in: 'general', text: 'after' });
  await until(async () => (await records('ack')).some((ack) => !ack.late), 5000);
  for (const [, , it] of clients) await it.disconnect();
}

async function cuts() {
  for (const [name, args] of [['a frame cut at its third byte by a reset', { how: 'cut', bytes: 3 }], ['the second frame cut by a FIN', { how: 'cut', frame: 2, bytes: 40, end: 'fin' }]]) {
    const it = await start();
    await control('wire', { conn: it.conn, ...args });
    await control('post', { as: 'alice', in: 'general', text: `one ${name}` });
    await control('post', { as: 'alice', in: 'general', text: `two ${name}` });
    const back = await until(() => it.connections === 2, 15000);
    const acked = await until(async () => (await records('ack')).length && (await records('envelope')).filter((one) => one.text === `two ${name}`).length, 15000);
    check(`${name}: the client comes back and gets the event`, back && acked, it.log.slice(-12));
    await it.disconnect();
  }
}

async function garbage() {
  const it = await start();
  await control('envelope', { how: 'raw', conn: it.conn, bytes: 'ffffffffffff' });
  check('bytes that are no frame end the connection, and it comes back', await until(() => it.connections === 2, 15000), it.log.slice(-12));
  await it.disconnect();
}

async function pingLoss() {
  await knob('pong', false);
  const it = await start();
  const back = await until(() => it.connections === 2, 20000);
  check('without pongs the client gives up and comes back', back, it.log.slice(-12));
  await knob('pong', true);
  await it.disconnect();
}

main(async () => {
  await control('invite', { in: 'general', bot: true });
  await ends(ENDS);
  await ends(MORE);
  await cuts();
  await garbage();
  await pingLoss();
});
