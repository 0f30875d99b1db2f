// matrix-appservice-bridge: the frame on which the older bridges stand.
'use strict';
const { AppServiceRegistration, Bridge, Intent, Logger, MatrixUser } = require('matrix-appservice-bridge');
const fs = require('fs');
const http = require('http');
const os = require('os');
const path = require('path');
const { run } = require('./checks.cjs');

function freePort() {
	return new Promise((resolve) => {
		const server = http.createServer().listen(0, '127.0.0.1', () => {
			const { port } = server.address();
			server.close(() => resolve(port));
		});
	});
}

run('matrix-appservice-bridge', async (t, profile) => {
	const conduwuit = profile === 'conduwuit';
	Logger.configure({ console: 'off' });
	const port = await freePort();
	const url = `http://127.0.0.1:${port}`;
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'as-bridge-'));
	process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));

	// ---- registration, by its own generator ----
	const registration = new AppServiceRegistration(url);
	registration.setId('bridge');
	registration.setHomeserverToken('hs_y');
	registration.setAppServiceToken('as_y');
	registration.setSenderLocalpart('bridgebot');
	registration.setRateLimited(false);
	// A bot that is only the sender gets no invites from conduwuit.
	registration.addRegexPattern('users', '^@bridgebot:sim\\.test$', true);
	registration.addRegexPattern('users', '@slack_.*:sim\\.test', true);
	registration.addRegexPattern('aliases', '#slack_.*:sim\\.test', true);
	registration.setProtocols(['slack']);
	registration.pushEphemeral = true;
	const file = path.join(folder, 'registration.yaml');
	registration.outputAsYaml(file);
	const yaml = fs.readFileSync(file, 'utf8');
	t.equal('register', (await t.control('register_appservice', { yaml })).reply,
		'Appservice registered with ID: bridge');

	const events = [], ephemeral = [], queries = [];
	const bridge = new Bridge({
		homeserverUrl: t.url, domain: 'sim.test', registration: file, disableStores: true,
		suppressEcho: false, logRequestOutcome: false,
		controller: {
			onEvent: (request) => events.push(request.getData()),
			onEphemeralEvent: (request) => ephemeral.push(request.getData()),
			onUserQuery: (user) => {
				queries.push(user.userId);
				return { name: 'Queried' };
			},
			onAliasQuery: (alias) => {
				queries.push(alias);
				return {
					creationOpts: { room_alias_name: alias.slice(1).split(':')[0], preset: 'public_chat', name: 'Queried' },
				};
			},
			thirdPartyLookup: {
				protocols: ['slack'],
				getProtocol: () => ({ user_fields: ['id'], location_fields: [], icon: '', field_types: {}, instances: [] }),
				getUser: (protocol, fields) => [{ userid: `@slack_${fields.id}:sim.test`, protocol, fields }],
				getLocation: () => [],
				parseUser: () => [], parseLocation: () => [],
			},
		},
	});
	await t.does('start', () => bridge.run(port, undefined, '127.0.0.1').then(() => true));
	const said = (text) => events.find((e) => e.content && e.content.body === text);

	// ---- bot and ghosts ----
	const bot = bridge.getIntent();
	await t.does('register the bot', () => bot.ensureRegistered(true).then(() => true));
	t.equal('bot', bot.userId, '@bridgebot:sim.test');
	const ghost = bridge.getIntent('@slack_u1:sim.test');
	await t.does('register a ghost', () => ghost.ensureRegistered().then(() => true));
	await t.does('its name', () => ghost.setDisplayName('Slack User').then(() => true));
	t.equal('its profile', (await ghost.getProfileInfo('@slack_u1:sim.test', 'displayname')).displayname, 'Slack User');
	t.equal('who is remote', bridge.getBot().isRemoteUser('@slack_u1:sim.test'), true);

	// ---- rooms ----
	await t.control('register_user', { name: 'alice', displayname: 'Alice', auto_accept: true });
	const { room_id: room } = await t.does('createRoom', () => bot.createRoom({
		createAsClient: false, options: { name: 'general', preset: 'private_chat', invite: ['@alice:sim.test'] },
	}));
	await t.does('invite', () => bot.invite(room, '@slack_u1:sim.test').then(() => true));
	await t.does('join', () => ghost.join(room));
	const sent = await t.does('send', () => ghost.sendText(room, 'hello'));
	await t.until('its echo is pushed', () => events.find((e) => e.event_id === sent.event_id));
	const unseen = bridge.getIntent('@slack_u2:sim.test');
	await t.does('join guard: registers, is invited, joins and sends', async () => {
		await bot.invite(room, '@slack_u2:sim.test');
		return unseen.sendText(room, 'from the second');
	});
	t.equal('members', Object.keys(await bridge.getBot().getJoinedMembers(room)).sort(),
		['@alice:sim.test', '@bridgebot:sim.test', '@slack_u1:sim.test', '@slack_u2:sim.test']);
	await t.does('emote', () => ghost.sendMessage(room, { msgtype: 'm.emote', body: 'waves' }));
	await t.does('edit', () => ghost.sendMessage(room, {
		msgtype: 'm.text', body: '* hi', 'm.new_content': { msgtype: 'm.text', body: 'hi' },
		'm.relates_to': { rel_type: 'm.replace', event_id: sent.event_id },
	}));
	await t.does('react', () => ghost.sendEvent(room, 'm.reaction', {
		'm.relates_to': { rel_type: 'm.annotation', event_id: sent.event_id, key: '👍' },
	}));
	await t.does('thread', () => ghost.sendMessage(room, {
		msgtype: 'm.text', body: 'in thread', 'm.relates_to': { rel_type: 'm.thread', event_id: sent.event_id },
	}));
	t.equal('get event', (await ghost.getEvent(room, sent.event_id)).content.body, 'hello');
	t.ok('room state', (await bot.roomState(room)).length >= 6);
	await t.does('topic', () => bot.setRoomTopic(room, 'T'));
	await t.does('name', () => bot.setRoomName(room, 'named'));
	t.equal('read state', (await bot.getStateEvent(room, 'm.room.name')).name, 'named');
	t.equal('state that is none', await bot.getStateEvent(room, 'no.such', '', true), null);
	await t.does('power', () => bot.setPowerLevel(room, '@slack_u1:sim.test', 50).then(() => true));
	await t.does('state by the ghost, power at hand', () => ghost.sendStateEvent(room, 'm.room.topic', '', { topic: 'by ghost' }));

	// ---- people ----
	await t.control('post', { as: 'alice', in: 'named', text: 'from alice' });
	const heard = await t.until('a message is pushed', () => said('from alice'));
	await t.control('edit', { as: 'alice', in: 'named', event: 'from alice', text: 'changed' });
	await t.until('an edit is pushed', () => events.find((e) => e.content['m.new_content']
		&& e.content['m.new_content'].body === 'changed'));
	await t.control('typing', { as: 'alice', in: 'named' });
	await t.control('read', { as: 'alice', in: 'named' });
	if (conduwuit) {
		t.ok('no ephemeral events', ephemeral.length === 0);
	} else {
		await t.until('typing is pushed', () => ephemeral.find((e) => e.type === 'm.typing'));
		await t.until('a receipt is pushed', () => ephemeral.find((e) => e.type === 'm.receipt'));
	}
	await t.does('typing', () => ghost.sendTyping(room, true).then(() => true));
	await t.does('receipt', () => ghost.sendReadReceipt(room, heard.event_id).then(() => true));
	await t.does('presence', () => ghost.setPresence('online').then(() => true));

	// ---- media ----
	const mxc = await t.does('upload', () => ghost.uploadContent('PNG', { name: 'a.png', type: 'image/png' }));
	t.equal('download', (await bot.matrixClient.downloadContent(mxc)).data.toString(), 'PNG');
	await t.does('avatar', () => ghost.setAvatarUrl(mxc).then(() => true));
	await t.does('room avatar', () => bot.setRoomAvatar(room, mxc));

	// ---- aliases, queries, ping ----
	await t.does('alias', () => bot.createAlias('#slack_c1:sim.test', room).then(() => true));
	const admin = (await t.raw('POST', '/_matrix/client/v3/login', null, {
		type: 'm.login.password', user: 'admin', password: 'admin',
	})).json.access_token;
	const joined = await t.raw('POST', `/_matrix/client/v3/join/${encodeURIComponent('#slack_new:sim.test')}`, admin, {});
	t.equal('an alias is asked for, and made', [joined.status, queries.includes('#slack_new:sim.test')], [200, true]);
	if (!conduwuit) {
		await t.raw('POST', '/_matrix/client/v3/createRoom', admin, { invite: ['@slack_asked:sim.test'] });
		await t.until('an unknown user is asked for', () => queries.includes('@slack_asked:sim.test'));
		const found = await t.raw('GET', '/_matrix/client/v3/thirdparty/user/slack?id=u7', admin);
		t.equal('a user of the network', found.json.map((u) => u.userid), ['@slack_u7:sim.test']);
	}
	await t.does('its own ping, through a room', async () => {
		const took = await bridge.pingAppserviceRoute(room, 5000);
		return typeof took === 'number';
	});
	const ping = await t.raw('POST', '/_matrix/client/v1/appservice/bridge/ping', 'as_y', { transaction_id: 'p' });
	t.equal('ping by the homeserver: it has no route', ping.status, conduwuit ? 500 : 502);

	// ---- order, and again after trouble ----
	for (let i = 0; i < 100; i++) {
		await t.control('post', { as: 'alice', in: 'named', text: 'b' + i });
	}
	await t.until('a burst is pushed', () => said('b99'));
	t.equal('in order, each once', events.map((e) => e.content.body).filter((b) => /^b\d+$/.test(b)),
		[...Array(100).keys()].map((i) => 'b' + i));
	await t.control('push', { how: 'replay_last', to: 'bridge' });
	await t.control('answer', { request: 'PUT send', with: { status: 502 } });
	await t.refused('a 502 reaches the caller', undefined, () => ghost.sendText(room, 'lost').catch((e) => {
		throw Object.assign(e, { errcode: undefined, body: {} });
	}));
	await t.does('and the next works', () => ghost.sendText(room, 'after trouble'));
	await t.control('post', { as: 'alice', in: 'named', text: 'last' });
	await t.until('the last is pushed', () => said('last'));
	t.equal('a replayed transaction is taken once', events.filter((e) => e.content.body === 'b99').length, 1);

	// ---- leaving ----
	await t.does('redact', () => ghost.matrixClient.redactEvent(room, sent.event_id, 'gone'));
	await t.until('the redaction is pushed', () => events.find((e) => e.type === 'm.room.redaction'));
	await t.does('kick', () => bot.kick(room, '@alice:sim.test', 'bye').then(() => true));
	await t.does('ban', () => bot.ban(room, '@alice:sim.test', 'bye').then(() => true));
	await t.does('unban', () => bot.unban(room, '@alice:sim.test').then(() => true));
	await t.does('leave', () => ghost.leave(room).then(() => true));
	await t.until('its leave is pushed', () => events.find((e) => e.type === 'm.room.member'
		&& e.state_key === '@slack_u1:sim.test' && e.content.membership === 'leave'));
	t.ok('an Intent it was', ghost instanceof Intent && new MatrixUser('@a:b').getId() === '@a:b');
});
