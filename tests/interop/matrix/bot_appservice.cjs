// matrix-bot-sdk as an application service: ghosts, transactions, queries, retries.
'use strict';
const {
	Appservice, LogLevel, LogService, MatrixClient, MemoryStorageProvider,
} = require('matrix-bot-sdk');
const http = require('http');
const { run } = require('./checks.cjs');

LogService.setLevel(LogLevel.ERROR);
LogService.setLogger({ info() {}, warn() {}, debug() {}, trace() {}, error() {} });

function freePort() {
	return new Promise((resolve) => {
		const server = http.createServer().listen(0, '127.0.0.1', () => {
			const { port } = server.address();
			server.close(() => resolve(port));
		});
	});
}

run('matrix-bot-sdk appservice', async (t, profile) => {
	const conduwuit = profile === 'conduwuit';
	const port = await freePort();
	const url = `http://127.0.0.1:${port}`;
	const yaml = [
		'id: bot', `url: ${url}`, 'as_token: as_x', 'hs_token: hs_x', 'sender_localpart: brbot',
		'rate_limited: false', 'receive_ephemeral: true', 'de.sorunome.msc2409.push_ephemeral: true',
		'io.element.msc4190: true', 'protocols: [slack]', 'namespaces:', '  users:',
		"  - {exclusive: true, regex: '^@slack_.*:sim\\.test$'}",
		"  - {exclusive: true, regex: '^@brbot:sim\\.test$'}", '  aliases:',
		"  - {exclusive: true, regex: '^#slack_.*:sim\\.test$'}", '',
	].join('\n');

	// ---- the admin room ----
	const admin = new MatrixClient(t.url, (await t.raw('POST', '/_matrix/client/v3/login', null, {
		type: 'm.login.password', identifier: { type: 'm.id.user', user: 'admin' }, password: 'admin',
	})).json.access_token, new MemoryStorageProvider());
	const adminRoom = await admin.resolveRoom('#admins:sim.test');
	const command = async (text) => {
		const asked = await admin.sendText(adminRoom, text);
		const page = await admin.doRequest('GET', `/_matrix/client/v3/rooms/${encodeURIComponent(adminRoom)}/messages`,
			{ dir: 'b', limit: 5 });
		const reply = page.chunk.find((e) => e.content['m.relates_to']
			&& e.content['m.relates_to']['m.in_reply_to'].event_id === asked);
		return reply && reply.content.body;
	};
	t.equal('register without a code block', await command('!admin appservices register'),
		'Expected code block in command body. Add --help for details.');
	t.ok('register with bad YAML', (await command('!admin appservices register\n```\nid: [\n```'))
		.startsWith('Could not parse appservice config as YAML'));
	t.equal('register', await command('!admin appservices register\n```yaml\n' + yaml + '```'),
		'Appservice registered with ID: bot');
	t.equal('list', await command('!admin appservices list-registered'), 'Appservices (1): bot');
	t.ok('show', (await command('!admin appservices show bot')).includes('sender_localpart: brbot'));
	t.equal('show nobody', await command('!admin appservices show none'), 'Appservice does not exist.');
	t.equal('unregister nobody', await command('!admin appservices unregister none'),
		'Failed to unregister appservice: Appservice not found');

	// ---- the appservice ----
	const as = new Appservice({
		port, bindAddress: '127.0.0.1', homeserverUrl: t.url, homeserverName: 'sim.test',
		storage: new MemoryStorageProvider(),
		registration: {
			as_token: 'as_x', hs_token: 'hs_x', sender_localpart: 'brbot', id: 'bot', url,
			protocols: ['slack'], 'de.sorunome.msc2409.push_ephemeral': true,
			namespaces: {
				users: [{ exclusive: true, regex: '@slack_.*' }], rooms: [],
				aliases: [{ exclusive: true, regex: '#slack_.*' }],
			},
		},
	});
	const events = [], messages = [], invites = [], leaves = [], ephemeral = [], asked = [];
	as.on('room.event', (room, event) => events.push(event));
	as.on('room.message', (room, event) => messages.push({ room, event }));
	as.on('room.invite', (room, event) => invites.push(event));
	as.on('room.leave', (room, event) => leaves.push(event));
	as.on('ephemeral.event', (event) => ephemeral.push(event));
	as.on('query.user', (user, create) => {
		asked.push(user);
		create({ display_name: 'Asked for' });
	});
	as.on('query.room', (alias, create) => create({
		name: 'Made', preset: 'public_chat', room_alias_name: alias.slice(1).split(':')[0],
	}));
	as.on('thirdparty.protocol', (protocol, answer) => answer({
		user_fields: ['id'], location_fields: ['channel'], icon: 'mxc://sim.test/i', instances: [],
		field_types: {},
	}));
	as.on('thirdparty.user.remote', (protocol, fields, answer) => answer([
		{ userid: '@slack_' + fields.id + ':sim.test', protocol, fields },
	]));
	as.on('thirdparty.location.remote', (protocol, fields, answer) => answer([
		{ alias: '#slack_' + fields.channel + ':sim.test', protocol, fields },
	]));
	await t.does('listen', () => as.begin().then(() => true));
	const said = (text) => messages.find((m) => m.event.content.body === text);

	// ---- ghosts ----
	const bot = as.botIntent;
	await t.does('register the bot', () => bot.ensureRegistered().then(() => true));
	t.equal('bot', await bot.underlyingClient.getUserId(), '@brbot:sim.test');
	const ghost = as.getIntentForUserId('@slack_u1:sim.test');
	await t.does('register a ghost', () => ghost.ensureRegistered().then(() => true));
	await t.does('name it', () => ghost.underlyingClient.setDisplayName('Slack User').then(() => true));
	t.equal('its profile', (await ghost.underlyingClient.getUserProfile('@slack_u1:sim.test')).displayname,
		'Slack User');
	t.equal('it exists', (await t.raw('POST', '/_matrix/client/v3/register', 'as_x', {
		type: 'm.login.application_service', username: 'slack_u1',
	})).json.errcode, 'M_USER_IN_USE');
	t.equal('not our name', (await t.raw('POST', '/_matrix/client/v3/register', 'as_x', {
		type: 'm.login.application_service', username: 'someone',
	})).json.errcode, 'M_EXCLUSIVE');
	t.equal('nobody else may have it', (await t.raw('POST', '/_matrix/client/v3/register', null, {
		username: 'slack_u2', password: 'x', auth: { type: 'm.login.dummy' },
	})).json.errcode, 'M_EXCLUSIVE');
	const stranger = await t.raw('GET', '/_matrix/client/v3/account/whoami?user_id=@someone:sim.test', 'as_x');
	t.equal('masquerade outside the namespace', [stranger.status, stranger.json.errcode],
		conduwuit ? [400, 'M_EXCLUSIVE'] : [403, 'M_FORBIDDEN']);
	const unregistered = await t.raw('GET', '/_matrix/client/v3/account/whoami?user_id=@slack_u9:sim.test', 'as_x');
	t.equal('masquerade as nobody', unregistered.status, conduwuit ? 404 : 403);
	const device = await t.raw('PUT', '/_matrix/client/v3/devices/MINE?user_id=@slack_u1:sim.test', 'as_x',
		{ display_name: 'Made' });
	t.equal('a device by MSC4190', device.status, conduwuit ? 200 : 201);
	const devices = await t.raw('GET', '/_matrix/client/v3/devices?user_id=@slack_u1:sim.test', 'as_x');
	t.equal('it has the wanted ID, except on conduwuit',
		devices.json.devices.some((d) => d.device_id === 'MINE'), !conduwuit);
	const no = await t.raw('GET',
		'/_matrix/client/v3/account/whoami?user_id=@slack_u1:sim.test&org.matrix.msc3202.device_id=NONE', 'as_x');
	t.equal('acting as a device that is none', no.status, conduwuit ? 200 : 400);

	// ---- rooms ----
	await t.control('register_user', { name: 'alice', displayname: 'Alice', auto_accept: true });
	const room = await t.does('createRoom', () => bot.underlyingClient.createRoom({
		name: '#general', preset: 'private_chat', invite: ['@alice:sim.test'],
		initial_state: [{ type: 'm.bridge', state_key: 't', content: { bridgebot: '@brbot:sim.test' } }],
		power_level_content_override: { users: { '@brbot:sim.test': 9001 } },
	}));
	t.equal('m.bridge', (await bot.underlyingClient.getRoomStateEvent(room, 'm.bridge', 't')).bridgebot,
		'@brbot:sim.test');
	await t.does('invite a ghost', () => bot.underlyingClient.inviteUser('@slack_u1:sim.test', room).then(() => true));
	await t.until('the invite is pushed', () => invites.find((e) => e.state_key === '@slack_u1:sim.test'));
	await t.does('the ghost joins', () => ghost.joinRoom(room));
	const sent = await t.does('the ghost says something', () => ghost.sendText(room, 'hello from slack'));
	await t.until('its echo is pushed', () => messages.find((m) => m.event.event_id === sent));
	const dated = await ghost.underlyingClient.doRequest('PUT',
		`/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/dated`,
		{ ts: 1600000000000, user_id: '@slack_u1:sim.test' }, { msgtype: 'm.text', body: 'old' });
	t.equal('with a time of its own',
		(await bot.underlyingClient.getRawEvent(room, dated.event_id)).origin_server_ts, 1600000000000);
	await t.does('edit', () => ghost.underlyingClient.sendMessage(room, {
		msgtype: 'm.text', body: '* hello', 'm.new_content': { msgtype: 'm.text', body: 'hello' },
		'm.relates_to': { rel_type: 'm.replace', event_id: sent },
	}));
	await t.does('react', () => ghost.underlyingClient.unstableApis.addReactionToEvent(room, sent, '👍'));
	await t.does('thread', () => ghost.underlyingClient.sendMessage(room, {
		msgtype: 'm.text', body: 'in thread', 'm.relates_to': { rel_type: 'm.thread', event_id: sent },
	}));
	t.equal('joined members', (await bot.underlyingClient.getJoinedRoomMembers(room)).length, 3);

	// ---- what people do ----
	await t.control('post', { as: 'alice', in: 'general', text: 'hello from matrix' });
	const heard = await t.until('a message is pushed', () => said('hello from matrix'));
	t.equal('whose', [heard.event.sender, heard.room], ['@alice:sim.test', room]);
	await t.control('edit', { as: 'alice', in: 'general', event: 'hello from matrix', text: 'hello again' });
	await t.until('an edit is pushed', () => events.find((e) => e.content['m.new_content']
		&& e.content['m.new_content'].body === 'hello again'));
	await t.control('react', { as: 'alice', in: 'general', event: 'hello from slack', key: '🎉' });
	await t.until('a reaction is pushed', () => events.find((e) => e.type === 'm.reaction'
		&& e.sender === '@alice:sim.test'));
	await t.control('reply', { as: 'alice', in: 'general', event: 'hello from slack', text: 'replied' });
	await t.until('a reply is pushed', () => said('replied'));
	await t.control('post', { as: 'alice', in: 'general', text: 'threaded', thread: 'hello from slack' });
	t.equal('a thread is pushed', (await t.until('in its thread', () => said('threaded')))
		.event.content['m.relates_to'].event_id, sent);
	await t.control('post_file', { as: 'alice', in: 'general', file: 'a.png', mimetype: 'image/png', size: 5000 });
	const file = await t.until('a file is pushed', () => messages.find((m) => m.event.content.msgtype === 'm.image'));
	t.equal('its bytes', (await bot.underlyingClient.downloadContent(file.event.content.url)).data.length, 5000);
	await t.control('typing', { as: 'alice', in: 'general' });
	await t.control('read', { as: 'alice', in: 'general' });
	if (conduwuit) {
		t.ok('no ephemeral events', ephemeral.length === 0);
	} else {
		await t.until('typing is pushed', () => ephemeral.find((e) => e.type === 'm.typing'));
		await t.until('a receipt is pushed', () => ephemeral.find((e) => e.type === 'm.receipt'));
	}

	// ---- media, receipts, redactions ----
	const mxc = await t.does('upload', () => ghost.underlyingClient.uploadContent(Buffer.from('PNG'), 'image/png', 'a.png'));
	const down = await bot.underlyingClient.downloadContent(mxc);
	t.equal('download', [down.data.toString(), down.contentType], ['PNG', 'image/png']);
	await t.does('set an avatar', () => ghost.underlyingClient.setAvatarUrl(mxc).then(() => true));
	await t.does('typing', () => ghost.underlyingClient.setTyping(room, true, 20000).then(() => true));
	await t.does('receipt', () => ghost.underlyingClient.sendReadReceipt(room, heard.event.event_id).then(() => true));
	const redaction = await t.does('redact', () => ghost.underlyingClient.redactEvent(room, sent, 'gone'));
	await t.until('the redaction is pushed', () => events.find((e) => e.event_id === redaction && e.redacts === sent));
	t.equal('nothing is left', Object.keys((await ghost.underlyingClient.getEvent(room, sent)).content), []);

	// ---- aliases and other networks ----
	await t.does('alias', () => bot.underlyingClient.createRoomAlias('#slack_c1:sim.test', room).then(() => true));
	t.equal('look it up', (await bot.underlyingClient.lookupRoomAlias('#slack_c1:sim.test')).roomId, room);
	t.equal('an alias of others', (await t.raw('PUT',
		`/_matrix/client/v3/directory/room/${encodeURIComponent('#other:sim.test')}`, 'as_x', { room_id: room }))
		.json.errcode, 'M_EXCLUSIVE');
	await t.does('an alias is asked for, and made', () => admin.joinRoom('#slack_new:sim.test'));
	if (!conduwuit) {
		await admin.inviteUser('@slack_asked:sim.test', adminRoom).catch(() => {});
		await admin.createRoom({ invite: ['@slack_asked:sim.test'] });
		await t.until('an unknown user is asked for', () => asked.includes('@slack_asked:sim.test'));
	}
	const protocols = await admin.doRequest('GET', '/_matrix/client/v3/thirdparty/protocols');
	t.equal('networks', Object.keys(protocols), conduwuit ? [] : ['slack']);
	if (!conduwuit) {
		const found = await admin.doRequest('GET', '/_matrix/client/v3/thirdparty/user/slack', { id: 'u7' });
		t.equal('a user of the network', found.map((u) => u.userid), ['@slack_u7:sim.test']);
		const located = await admin.doRequest('GET', '/_matrix/client/v3/thirdparty/location/slack', { channel: 'c7' });
		t.equal('a channel of the network', located.map((l) => l.alias), ['#slack_c7:sim.test']);
	}

	// ---- a ping: this client has no route for it ----
	const ping = await t.raw('POST', '/_matrix/client/v1/appservice/bot/ping', 'as_x', { transaction_id: 'p' });
	t.equal('ping', [ping.status, ping.json.errcode],
		conduwuit ? [500, 'M_UNKNOWN'] : [502, 'M_BAD_STATUS']);
	t.equal('ping by another', (await t.raw('POST', '/_matrix/client/v1/appservice/other/ping', 'as_x', {})).json.errcode,
		'M_FORBIDDEN');

	// ---- direct chats, kicks, spaces, power ----
	await t.control('dm', { as: 'alice', with: 'brbot', room: 'mgmt' });
	const invited = await t.until('an invite to a direct chat is pushed',
		() => invites.find((e) => e.state_key === '@brbot:sim.test' && e.content.is_direct));
	await t.does('join it', () => bot.underlyingClient.joinRoom(invited.room_id));
	const space = await t.does('create a space', () => bot.underlyingClient.createSpace({ name: 'Team', isPublic: false }));
	await t.does('put the room into it', () => space.addChildRoom(room, { via: ['sim.test'] }).then(() => true));
	await t.does('power', () => bot.underlyingClient.setUserPowerLevel('@slack_u1:sim.test', room, 50).then(() => true));

	// ---- transactions in order, and again after trouble ----
	for (let i = 0; i < 120; i++) {
		await t.control('post', { as: 'alice', in: 'mgmt', text: 'b' + i });
	}
	await t.until('a burst is pushed', () => said('b119'));
	const burst = messages.map((m) => m.event.content.body).filter((b) => /^b\d+$/.test(b));
	t.equal('in order, each once', burst, [...Array(120).keys()].map((i) => 'b' + i));
	as.stop();
	await new Promise((r) => setTimeout(r, 50));
	await t.control('post', { as: 'alice', in: 'mgmt', text: 'while away' });
	await t.until('pushing fails', async () => (await t.records(0)).some((r) => r.kind === 'push' && r.result === 'failed'));
	await as.begin();
	await t.control('post', { as: 'alice', in: 'mgmt', text: 'back again' });
	await t.until('what was missed comes', () => said('while away') && said('back again'));
	t.equal('once', messages.filter((m) => m.event.content.body === 'while away').length, 1);
	for (const how of ['replay_last', 'rebatch', 'empty']) {
		await t.control('push', { how, to: 'bot' });
	}
	await t.control('post', { as: 'alice', in: 'mgmt', text: 'after odd ones' });
	await t.until('odd transactions harm nothing', () => said('after odd ones'));

	// ---- leaving ----
	await t.does('kick', () => bot.underlyingClient.kickUser('@alice:sim.test', room, 'bye').then(() => true));
	await t.does('a ghost leaves', () => ghost.leaveRoom(room).then(() => true));
	await t.until('its leave is pushed', () => leaves.find((e) => e.state_key === '@slack_u1:sim.test'));
	let refused;
	try {
		await as.getIntentForUserId('@slack_u8:sim.test').underlyingClient.sendText(room, 'no');
	} catch (e) {
		refused = e;
	}
	t.equal('a stranger is refused', refused && refused.body && refused.body.errcode, 'M_FORBIDDEN');
	t.equal('unregister', await command('!admin appservices unregister bot'), 'Appservice unregistered.');
	t.equal('its token is worth nothing', (await t.raw('GET', '/_matrix/client/v3/account/whoami', 'as_x')).json.errcode,
		'M_UNKNOWN_TOKEN');
	as.stop();
});
