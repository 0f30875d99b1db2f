// @slack/bolt: an app with a message listener, a reaction, a slash command, a button, shortcuts and a modal.
'use strict';

const { url, app: appToken, bot, check, pause, until, control, knob, records, load, version, quietLogger, main } = require('./lib');
const { App } = load('@slack/bolt');

const seen = {};
const note = (name, value) => (seen[name] = seen[name] || []).push(value);
const text = (value) => ({ type: 'plain_text', text: value });

const BUTTONS = [{ type: 'actions', block_id: 'choose', elements: [
  { type: 'button', action_id: 'approve', text: text('Yes'), value: 'yes' },
  { type: 'button', action_id: 'remove', text: text('No'), value: 'no' },
  { type: 'static_select', action_id: 'pick', options: [{ text: text('A'), value: 'a' }] },
] }];

const MODAL = { type: 'modal', callback_id: 'form', title: text('Form'), submit: text('Send'), notify_on_close: true, private_metadata: 'kept',
  blocks: [{ type: 'input', block_id: 'what', label: text('What'), element: { type: 'plain_text_input', action_id: 'it' } }] };

function listeners(app) {
  app.message('ping', async ({ message, say }) => {
    note('message', message.text);
    await say({ text: 'pong', thread_ts: message.ts });
  });
  app.message('buttons', async ({ say }) => say({ text: 'choose', blocks: BUTTONS }));
  app.event('reaction_added', async ({ event, client }) => note('reaction', (await client.reactions.get({ channel: event.item.channel, timestamp: event.item.ts })).message.reactions));
  app.command('/weather', async ({ command, ack, respond }) => {
    note('command', command);
    await ack();
    await respond('to you alone');
    await respond({ text: 'to everybody', response_type: 'in_channel' });
  });
  app.command('/quick', async ({ ack }) => ack('in the acknowledgement'));
  app.action('approve', async ({ ack, action, body, respond, client }) => {
    await ack();
    note('action', { action, container: body.container });
    await respond({ text: 'approved', replace_original: true });
    note('opened', (await client.views.open({ trigger_id: body.trigger_id, view: MODAL })).view);
    note('twice', await client.views.open({ trigger_id: body.trigger_id, view: MODAL }).catch((error) => error.data.error));
  });
  app.action('remove', async ({ ack, respond }) => {
    await ack();
    await respond({ delete_original: true });
  });
  app.action('pick', async ({ ack, action }) => {
    await ack();
    note('pick', action.selected_option.value);
  });
  app.view('form', async ({ ack, view, body }) => {
    note('view', { values: view.state.values, kept: view.private_metadata, user: body.user.id });
    if (view.state.values.what.it.value === 'bad') return ack({ response_action: 'errors', errors: { what: 'no' } });
    return ack();
  });
  app.view({ callback_id: 'form', type: 'view_closed' }, async ({ ack }) => {
    note('closed', true);
    await ack();
  });
  app.shortcut('global_one', async ({ ack, shortcut, client }) => {
    await ack();
    note('shortcut', shortcut.type);
    await client.views.open({ trigger_id: shortcut.trigger_id, view: MODAL });
  });
  app.shortcut('message_one', async ({ ack, shortcut, respond }) => {
    await ack();
    note('shortcut', `${shortcut.type} ${shortcut.message.text}`);
    await respond('seen');
  });
  app.options('lookup', async ({ ack, options }) => {
    note('options', options.value);
    await ack({ options: [{ text: text('found'), value: 'f' }] });
  });
}

async function messages() {
  await control('post', { as: 'alice', in: 'general', text: 'ping' });
  await until(async () => (await records('message')).some((one) => one.text === 'pong'));
  const pong = (await records('message')).find((one) => one.text === 'pong');
  check('a message listener answers in the thread', pong && pong.thread_ts && seen.message.length === 1, pong);
  await control('react', { as: 'carol', in: 'general', of: 'ping', name: 'tada' });
  await until(() => seen.reaction);
  check('a reaction listener can look at it', seen.reaction[0][0].name === 'tada', seen.reaction);
  await control('post', { as: 'bot', in: 'general', text: 'ping' });
  await pause(300);
  check('its own messages do not come to its listeners', seen.message.length === 1);
}

async function commands() {
  const gave = await control('command', { as: 'alice', in: 'general', command: '/weather', text: '94070 now' });
  await until(async () => (await records('message')).some((one) => one.text === 'to everybody'));
  const command = seen.command[0];
  check('a slash command comes with its fields', command.command === '/weather' && command.text === '94070 now' && command.user_name === 'alice' && command.channel_name === 'general' && command.is_enterprise_install === 'false' && command.response_url === gave.response_url && command.trigger_id === gave.trigger_id, command);
  check('respond() is ephemeral', (await records('ephemeral')).some((one) => one.text === 'to you alone' && one.to === 'alice'));
  check('or in the channel', (await records('message')).some((one) => one.text === 'to everybody'));
  await control('command', { as: 'alice', in: 'general', command: '/quick' });
  await until(async () => (await records('ephemeral')).some((one) => one.text === 'in the acknowledgement'));
  check('an acknowledgement with text is shown', (await records('ack')).some((ack) => ack.payload && ack.payload.text === 'in the acknowledgement') && (await records('ephemeral')).some((one) => one.text === 'in the acknowledgement'));
  await control('command', { as: 'alice', in: 'general', command: '/nobody' });
  await until(async () => (await records('interaction')).some((one) => one.answered === 'timeout'), 8000);
  check('a command nobody answers fails once and is not sent again', (await records('interaction')).filter((one) => one.answered === 'timeout').length === 1 && (await records('envelope')).filter((one) => one.type === 'slash_commands').length === 3);
}

async function buttons() {
  await control('post', { as: 'alice', in: 'general', text: 'buttons' });
  await until(async () => (await records('message')).some((one) => one.text === 'choose'));
  await control('click', { as: 'carol', in: 'general', of: 'choose', action_id: 'pick', with: { selected_option: { text: text('A'), value: 'a' } } });
  await until(() => seen.pick);
  check('a menu says what was picked', seen.pick && seen.pick[0] === 'a', seen.pick);
  await control('click', { as: 'carol', in: 'general', of: 'choose', action_id: 'approve' });
  await until(() => seen.twice);
  const { action, container } = seen.action[0];
  check('a button says who and where it is', action.value === 'yes' && action.block_id === 'choose' && action.type === 'button' && container.channel_id === 'C0GENERAL0', seen.action);
  check('respond() replaces the message', (await records('edit')).some((one) => one.text === 'approved'));
  check('its trigger opens a view', seen.opened[0].callback_id === 'form' && /^V/.test(seen.opened[0].id), seen.opened);
  check('once', seen.twice[0] === 'exchanged_trigger_id', seen.twice);
  await control('submit', { as: 'carol', values: { what: { it: 'bad' } } });
  await until(async () => (await records('interaction')).some((one) => one.action === 'errors'));
  check('a view can be refused with errors', (await records('interaction')).some((one) => one.action === 'errors') && seen.view[0].kept === 'kept' && seen.view[0].user === 'U0SIMCAROL', seen.view);
  await control('submit', { as: 'carol', values: { what: { it: 'good' } } });
  await until(async () => (await records('interaction')).some((one) => one.action === 'close'));
  check('and closed when it is right', seen.view[1].values.what.it.value === 'good', seen.view);
  await control('post', { as: 'alice', in: 'general', text: 'buttons' });
  await until(async () => (await records('message')).filter((one) => one.text === 'choose').length === 2);
  await control('click', { as: 'alice', in: 'general', of: 'choose', action_id: 'remove' });
  await until(async () => (await records('delete')).length > 0);
  check('respond() deletes the message', (await records('delete')).length === 1);
}

async function shortcuts() {
  await control('shortcut', { as: 'dave', callback_id: 'global_one' });
  await until(() => seen.shortcut);
  await control('shortcut', { as: 'dave', callback_id: 'message_one', in: 'general', of: 'approved' });
  await until(() => seen.shortcut.length === 2);
  check('shortcuts, global and on a message', seen.shortcut.join() === 'shortcut,message_action approved', seen.shortcut);
  await control('suggest', { as: 'dave', action_id: 'lookup', value: 'fo' });
  await until(() => seen.options);
  check('options for an external select', seen.options[0] === 'fo');
  await until(async () => (await records('ack')).some((ack) => ack.payload && ack.payload.options));
  check('come with the acknowledgement', (await records('ack')).some((ack) => ack.payload && ack.payload.options));
  await control('submit', { as: 'dave', close: true });
  await until(() => seen.closed);
  check('view_closed', seen.closed);
}

main(async () => {
  console.log(`# @slack/bolt ${version('@slack/bolt')}, node ${process.version}`);
  await knob('ack_deadline', '30s');
  await knob('trigger_ttl', '60s');
  await control('invite', { in: 'general', bot: true });
  const logger = quietLogger();
  const app = new App({ token: bot, appToken, socketMode: true, logger, clientOptions: { slackApiUrl: `${url}/api/`, logger } });
  listeners(app);
  await app.start();
  check('app.start()', true);
  const calls = (await records('call')).map((one) => one.call);
  check('it asked auth.test and apps.connections.open', calls.includes('auth.test') && calls.includes('apps.connections.open'), calls);
  await messages();
  await commands();
  await buttons();
  await shortcuts();
  await app.stop();
  check('app.stop()', await until(async () => (await records('ws')).some((one) => one.ws === 'closed')));
});
