// matrix-js-sdk, the library of Element Web: sync with its stores, local echo, threads,
// notifications, and end-to-end encryption between two devices.
'use strict';
const { run } = require('./checks.cjs');

run('matrix-js-sdk', async (t, profile) => {
	const sdk = require('matrix-js-sdk');
	const { logger } = require('matrix-js-sdk/lib/logger.js');
	const conduwuit = profile === 'conduwuit';
	logger.setLevel('silent');
	for (const level of ['debug', 'info', 'warn', 'log']) {
		console[level === 'log' ? 'debug' : level] = () => {};
	}

	const open = async (name, password, deviceName) => {
		const login = await sdk.createClient({ baseUrl: t.url, logger }).loginRequest({
			type: 'm.login.password', identifier: { type: 'm.id.user', user: name }, password,
			initial_device_display_name: deviceName,
		});
		return sdk.createClient({
			baseUrl: t.url, accessToken: login.access_token, userId: login.user_id,
			deviceId: login.device_id, logger, timelineSupport: true,
		});
	};
	const synced = (client) => new Promise((resolve, reject) => {
		client.on('sync', (state) => {
			if (state === 'PREPARED') {
				resolve(true);
			} else if (state === 'ERROR') {
				reject(new Error('sync failed'));
			}
		});
	});

	// ---- register, login, start ----
	const fresh = sdk.createClient({ baseUrl: t.url, logger });
	await t.does('login flows', async () => (await fresh.loginFlows()).flows.some((f) => f.type === 'm.login.password'));
	t.equal('name is free', await fresh.isUsernameAvailable('erin'), true);
	let session;
	try {
		await fresh.registerRequest({ username: 'erin', password: 'pw' });
	} catch (e) {
		session = e.data.session;
		t.ok('registering asks for a stage', e.httpStatus === 401
			&& e.data.flows[0].stages.includes('m.login.dummy'));
	}
	await t.does('register', () => fresh.registerRequest({
		username: 'erin', password: 'pw', auth: { type: 'm.login.dummy', session },
	}));
	await t.control('register_user', { name: 'finn', password: 'pw', displayname: 'Finn' });
	const client = await open('erin', 'pw', 'laptop');
	let echoes = 0;
	client.on('Room.localEchoUpdated', (event, room, old, status) => {
		echoes += event.status === null ? 1 : 0;
	});
	await t.does('encryption starts', () => client.initRustCrypto({ useIndexedDB: false }).then(() => true));
	const ready = synced(client);
	await client.startClient({ initialSyncLimit: 20, threadSupport: true, lazyLoadMembers: true });
	await t.does('first sync', () => ready);
	t.equal('whoami', (await client.whoami()).user_id, '@erin:sim.test');
	t.equal('capabilities', (await client.getCapabilities())['m.change_password'].enabled, true);
	t.ok('push rules', client.pushRules && client.pushRules.global.override.some((r) => r.rule_id === '.m.rule.master'));

	// ---- rooms ----
	const { room_id: roomId } = await t.does('createRoom', () => client.createRoom({
		name: 'js', invite: ['@finn:sim.test'], preset: 'private_chat',
	}));
	await t.control('accept', { as: 'finn' });
	const room = await t.until('room by sync', () => client.getRoom(roomId));
	await t.until('its name', () => room.name === 'js');
	await t.until('its members', () => room.getJoinedMemberCount() === 2);
	const sent = await t.does('send', () => client.sendTextMessage(roomId, 'hello'));
	await t.until('the local echo is resolved', () => echoes > 0
		&& room.timeline.filter((e) => e.getContent().body === 'hello').length === 1);
	await t.control('post', { as: 'finn', in: 'js', text: 'hi erin' });
	const hi = await t.until('message by sync', () => room.timeline.find((e) => e.getContent().body === 'hi erin'));
	await t.control('edit', { as: 'finn', in: 'js', event: 'hi erin', text: 'hi there' });
	await t.until('edit applied', () => hi.getContent().body === 'hi there');
	await t.control('react', { as: 'finn', in: 'js', event: 'hello', key: '👍' });
	await t.until('reaction counted', () => {
		const all = room.relations.getChildEventsForEvent(sent.event_id, 'm.annotation', 'm.reaction');
		return all && all.getSortedAnnotationsByKey().some(([key, set]) => key === '👍' && set.size === 1);
	});
	await t.does('own reaction', () => client.sendEvent(roomId, 'm.reaction', {
		'm.relates_to': { rel_type: 'm.annotation', event_id: hi.getId(), key: '🎉' },
	}));
	await t.does('own edit', () => client.sendEvent(roomId, 'm.room.message', {
		msgtype: 'm.text', body: '* hello!', 'm.new_content': { msgtype: 'm.text', body: 'hello!' },
		'm.relates_to': { rel_type: 'm.replace', event_id: sent.event_id },
	}));
	await t.until('own edit applied', () => room.findEventById(sent.event_id).getContent().body === 'hello!');
	await t.does('rename', () => client.setRoomName(roomId, 'renamed'));
	await t.until('renamed', () => client.getRoom(roomId).name === 'renamed');
	await t.does('topic', () => client.setRoomTopic(roomId, 'T'));
	await t.does('power', () => client.setPowerLevel(roomId, '@finn:sim.test', 50));

	// ---- threads ----
	await t.control('post', { as: 'finn', in: 'renamed', text: 'in thread', thread: sent.event_id });
	const thread = await t.until('a thread', () => room.getThread(sent.event_id));
	await t.until('its length', () => thread && thread.length === 1);
	await t.does('answer in it', () => client.sendMessage(roomId, sent.event_id, { msgtype: 'm.text', body: 'me too' }));
	await t.until('its new length', () => thread.length === 2);
	await t.does('list of threads', async () => {
		await room.createThreadsTimelineSets();
		await room.fetchRoomThreads();
		return room.getThreads().length === 1;
	});

	// ---- unread, receipts, typing ----
	await t.control('post', { as: 'finn', in: 'renamed', text: 'erin, look' });
	await t.until('unread', () => room.getUnreadNotificationCount('total') >= 1);
	await t.until('and meant for me', () => room.getUnreadNotificationCount('highlight') >= 1);
	await t.does('receipt', () => client.sendReadReceipt(room.timeline[room.timeline.length - 1]));
	await t.until('nothing unread', () => room.getUnreadNotificationCount('total') === 0);
	await t.control('read', { as: 'finn', in: 'renamed' });
	await t.until('read by finn', () => room.getReceiptsForEvent(room.timeline[room.timeline.length - 1])
		.some((r) => r.userId === '@finn:sim.test'));
	await t.control('typing', { as: 'finn', in: 'renamed' });
	await t.until('finn types', () => room.getMember('@finn:sim.test').typing);
	await t.control('typing', { as: 'finn', in: 'renamed', on: false });
	await t.until('finn has stopped', () => !room.getMember('@finn:sim.test').typing);
	await t.does('typing', () => client.sendTyping(roomId, true, 10000));
	await t.does('fully read', () => client.setRoomReadMarkers(roomId, hi.getId(), hi));
	await t.until('fully read by sync', () => room.getAccountData('m.fully_read'));

	// ---- push rules ----
	await t.does('mute the room', () => client.setRoomMutePushRule('global', roomId, true).then(() => true));
	await t.does('muted', async () => (await client.getPushRules()).global.room.some((r) => r.rule_id === roomId));
	await t.does('unmute', () => client.setRoomMutePushRule('global', roomId, false).then(() => true));
	await t.does('a rule of my own', () => client.addPushRule('global', 'content', 'cheese', {
		actions: ['notify'], pattern: 'cheese',
	}));
	await t.does('off', () => client.setPushRuleEnabled('global', 'content', 'cheese', false));
	await t.does('other actions', () => client.setPushRuleActions('global', 'content', 'cheese', ['notify']));
	t.equal('the rule', (await client.getPushRules()).global.content.find((r) => r.rule_id === 'cheese').enabled, false);
	await t.does('away with it', () => client.deletePushRule('global', 'content', 'cheese'));
	await t.refused('it is gone', 'M_NOT_FOUND', () => client.deletePushRule('global', 'content', 'cheese'), 404);
	await t.does('a pusher', () => client.setPusher({
		pushkey: 'k', app_id: 'a', kind: 'http', app_display_name: 'A', device_display_name: 'D', lang: 'en',
		data: { url: 'http://127.0.0.1/x' },
	}));
	t.equal('pushers', (await client.getPushers()).pushers.map((p) => p.pushkey), ['k']);

	// ---- media ----
	const up = await t.does('upload', () => client.uploadContent(Buffer.from('abc'), { type: 'text/plain', name: 'a.txt' }));
	t.equal('media config', typeof (await client.getMediaConfig(true))['m.upload.size'], 'number');
	const fetched = await fetch(client.mxcUrlToHttp(up.content_uri, undefined, undefined, undefined, false, true, true), {
		headers: { Authorization: `Bearer ${client.getAccessToken()}` },
	});
	t.equal('authenticated download', await fetched.text(), 'abc');
	t.equal('without a token', (await fetch(client.mxcUrlToHttp(up.content_uri, undefined, undefined, undefined, false, true, true))).status, 401);
	const legacy = await fetch(client.mxcUrlToHttp(up.content_uri));
	if (profile === 'synapse') {
		t.equal('what is new is not to be had without a token', legacy.status, 404);
	} else {
		t.equal('legacy download', await legacy.text(), 'abc');
	}
	await t.does('an image', () => client.sendImageMessage(roomId, up.content_uri, { mimetype: 'image/png', w: 1, h: 1 }, 'pic'));

	// ---- history ----
	for (let i = 0; i < 40; i++) {
		await t.control('post', { as: 'finn', in: 'renamed', text: 'n' + i });
	}
	await t.until('all of them', () => room.timeline.some((e) => e.getContent().body === 'n39'));
	await t.does('scrollback', () => client.scrollback(room, 50));
	t.ok('older ones are there', room.timeline.length > 30);
	await t.does('context', async () => (await client.getEventTimeline(room.getUnfilteredTimelineSet(), sent.event_id))
		.getEvents().some((e) => e.getId() === sent.event_id));
	await t.does('search', async () => (await client.searchRoomEvents({ term: 'n17' })).results.length === 1);
	if (conduwuit) {
		await t.refused('event of a moment', 'M_UNRECOGNIZED', () => client.timestampToEvent(roomId, hi.getTs(), 'f'));
	} else {
		t.equal('event of a moment', (await client.timestampToEvent(roomId, hi.getTs(), 'f')).event_id, hi.getId());
	}
	await t.does('redact', () => client.redactEvent(roomId, hi.getId()));
	await t.until('redacted', () => room.findEventById(hi.getId()).isRedacted());
	await t.does('report', () => client.reportEvent(roomId, sent.event_id, -50, 'dull'));
	await t.does('tag', () => client.setRoomTag(roomId, 'm.favourite', { order: 0.5 }));
	await t.until('tagged', () => room.tags['m.favourite']);
	await t.does('account data', () => client.setAccountData('x.js', { a: 1 }));
	await t.does('presence', () => client.setPresence({ presence: 'unavailable', status_msg: 'lunch' }).then(() => true));
	await t.does('openid', () => client.getOpenIdToken());
	await t.does('networks', () => client.getThirdpartyProtocols());

	// ---- invites, spaces, directory ----
	const dm = await t.control('dm', { as: 'finn', with: 'erin', room: 'fe' });
	await t.until('invite by sync', () => {
		const invited = client.getRoom(dm.room_id);
		return invited && invited.getMyMembership() === 'invite';
	});
	await t.does('join', () => client.joinRoom(dm.room_id));
	await t.until('joined', () => client.getRoom(dm.room_id).getMyMembership() === 'join');
	const { room_id: spaceId } = await t.does('a space', () => client.createRoom({
		name: 'Space', creation_content: { type: 'm.space' },
	}));
	await t.does('a child', () => client.sendStateEvent(spaceId, 'm.space.child', { via: ['sim.test'] }, roomId));
	await t.does('hierarchy', async () => (await client.getRoomHierarchy(spaceId)).rooms.length === 2);
	await t.does('directory', () => client.setRoomDirectoryVisibility(roomId, 'public'));
	await t.does('public rooms', async () => (await client.publicRooms({})).chunk.length >= 1);
	await t.does('users', async () => (await client.searchUserDirectory({ term: 'finn' })).results.length === 1);
	await t.control('create_room', { as: 'finn', room: 'knocking' });
	await t.control('set_state', { as: 'finn', room: 'knocking', type: 'm.room.join_rules', content: { join_rule: 'knock' } });
	const knocking = (await (await fetch(t.url + '/_control/state')).json()).rooms.find((r) => r.in === 'knocking').room_id;
	await t.does('knock', () => client.knockRoom(knocking));
	await t.until('knock by sync', () => client.getRoom(knocking) && client.getRoom(knocking).getMyMembership() === 'knock');
	await t.does('upgrade', () => client.upgradeRoom(spaceId, '10'));

	// ---- encryption between two people ----
	const finn = await open('finn', 'pw', 'phone');
	await finn.initRustCrypto({ useIndexedDB: false });
	const finnReady = synced(finn);
	await finn.startClient({ initialSyncLimit: 5 });
	await finnReady;
	const { room_id: secretId } = await t.does('an encrypted room', () => client.createRoom({
		name: 'secret', invite: ['@finn:sim.test'],
		initial_state: [{ type: 'm.room.encryption', state_key: '', content: { algorithm: 'm.megolm.v1.aes-sha2' } }],
	}));
	await finn.joinRoom(secretId);
	await t.until('both are in it', () => client.getRoom(secretId)
		&& client.getRoom(secretId).getJoinedMemberCount() === 2);
	await t.until('finn has keys', async () => (await client.getCrypto().getUserDeviceInfo(['@finn:sim.test'], true))
		.get('@finn:sim.test').size >= 1);
	await t.does('erin writes', () => client.sendTextMessage(secretId, 'sesame'));
	const opened = await t.until('finn reads it', () => {
		const there = finn.getRoom(secretId);
		return there && there.timeline.find((e) => !e.isDecryptionFailure() && e.getContent().body === 'sesame');
	});
	t.ok('it was encrypted', opened && opened.isEncrypted());
	await t.does('finn answers', () => finn.sendTextMessage(secretId, 'open'));
	await t.until('erin reads it', () => client.getRoom(secretId).timeline.some((e) => e.getContent().body === 'open'));
	await t.does('cross-signing keys', () => finn.getCrypto().bootstrapCrossSigning({
		authUploadDeviceSigningKeys: (request) => request(null),
	}).then(() => true));
	await t.until('signed by its own key', async () => (await finn.getCrypto()
		.getDeviceVerificationStatus('@finn:sim.test', finn.getDeviceId())).signedByOwner);

	// ---- devices, password ----
	const other = await open('erin', 'pw', 'old phone');
	t.ok('devices', (await client.getDevices()).devices.length >= 2);
	await t.does('rename a device', () => client.setDeviceDetails(other.getDeviceId(), { display_name: 'gone' }));
	let flow;
	try {
		await client.deleteDevice(other.getDeviceId());
	} catch (e) {
		flow = e.data;
	}
	t.ok('deleting asks for the password', flow && flow.flows[0].stages.includes('m.login.password'));
	await t.does('deleted', () => client.deleteDevice(other.getDeviceId(), {
		type: 'm.login.password', identifier: { type: 'm.id.user', user: '@erin:sim.test' }, password: 'pw',
		session: flow.session,
	}));
	await t.refused('its token is gone', 'M_UNKNOWN_TOKEN', () => other.whoami(), 401);
	const auth = { type: 'm.login.password', identifier: { type: 'm.id.user', user: 'erin' }, password: 'pw' };
	const token = await t.does('a login token', () => client.requestLoginToken(auth));
	await t.does('logs in once', () => fresh.loginRequest({ type: 'm.login.token', token: token.login_token }));
	await t.refused('and not twice', 'M_FORBIDDEN', () => fresh.loginRequest({ type: 'm.login.token', token: token.login_token }), 403);
	await t.does('another password', () => client.setPassword(auth, 'new', true));
	await t.refused('the old one is refused', 'M_FORBIDDEN', () => fresh.loginRequest({
		type: 'm.login.password', identifier: { type: 'm.id.user', user: 'erin' }, password: 'pw',
	}), 403);
	await t.does('leave', () => client.leave(roomId));
	await t.until('left', async () => !(await client.getJoinedRooms()).joined_rooms.includes(roomId));
	finn.stopClient();
	await t.does('deactivate', () => client.deactivateAccount({ ...auth, password: 'new' }, false));
	client.stopClient();
	await t.refused('deactivated', conduwuit ? 'M_USER_DEACTIVATED' : 'M_FORBIDDEN', () => fresh.loginRequest({
		type: 'm.login.password', identifier: { type: 'm.id.user', user: 'erin' }, password: 'new',
	}), 403);
});
