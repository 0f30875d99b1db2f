// matrix-bot-sdk as a client: everything a bot on its own account does.
'use strict';
const {
	AutojoinRoomsMixin, AutojoinUpgradedRoomsMixin, LogLevel, LogService, MatrixAuth, MatrixClient,
	MemoryStorageProvider, PowerLevelAction,
} = require('matrix-bot-sdk');
const { run } = require('./checks.cjs');

LogService.setLevel(LogLevel.ERROR);
LogService.setLogger({ info() {}, warn() {}, debug() {}, trace() {}, error() {} });

run('matrix-bot-sdk client', async (t, profile) => {
	const url = t.url;
	const conduwuit = profile === 'conduwuit';

	// ---- accounts ----
	const auth = new MatrixAuth(url);
	const registered = await t.does('register', () => auth.passwordRegister('carol', 'secret', 'first'));
	t.equal('registered as', await registered.getUserId(), '@carol:sim.test');
	const logged = await t.does('login by password', () => auth.passwordLogin('carol', 'secret', 'device'));
	await t.refused('wrong password', 'M_FORBIDDEN', () => auth.passwordLogin('carol', 'wrong'), 403);
	t.equal('name in use', (await t.raw('POST', '/_matrix/client/v3/register', null, {
		username: 'carol', password: 'x', auth: { type: 'm.login.dummy' },
	})).json.errcode, 'M_USER_IN_USE');
	await t.control('register_user', { name: 'dave', password: 'pw', displayname: 'Dave' });
	const dave = await auth.passwordLogin('dave', 'pw');
	const client = new MatrixClient(url, logged.accessToken, new MemoryStorageProvider());
	AutojoinRoomsMixin.setupOnClient(client);
	AutojoinUpgradedRoomsMixin.setupOnClient(client);
	const messages = [], events = [], joins = [], leaves = [], invites = [], upgrades = [], data = [];
	client.on('room.message', (room, event) => messages.push({ room, event }));
	client.on('room.event', (room, event) => events.push({ room, event }));
	client.on('room.join', (room) => joins.push(room));
	client.on('room.leave', (room) => leaves.push(room));
	client.on('room.invite', (room) => invites.push(room));
	client.on('room.upgraded', (room) => upgrades.push(room));
	client.on('account_data', (event) => data.push(event));

	const whoami = await client.getWhoAmI();
	t.equal('whoami', whoami.user_id, '@carol:sim.test');
	t.ok('whoami has a device', typeof whoami.device_id === 'string');
	t.ok('server versions', (await client.getServerVersions()).versions.includes('v1.11'));
	t.equal('support of v1.1', await client.doesServerSupportVersion('v1.1'), true);
	await t.does('start', () => client.start().then(() => true));

	// ---- rooms and state ----
	const room = await t.does('createRoom', () => client.createRoom({
		name: 'room', topic: 'first', preset: 'private_chat', invite: ['@dave:sim.test'],
		initial_state: [{ type: 'x.y', state_key: 'k', content: { a: 1 } }],
	}));
	t.equal('initial state', await client.getRoomStateEvent(room, 'x.y', 'k'), { a: 1 });
	await t.does('join by ID', () => dave.joinRoom(room));
	await t.does('send state', () => client.sendStateEvent(room, 'm.room.topic', '', { topic: 'T' }));
	t.equal('read state', (await client.getRoomStateEvent(room, 'm.room.topic', '')).topic, 'T');
	t.ok('all state', (await client.getRoomState(room)).length >= 8);
	await t.refused('no such state', 'M_NOT_FOUND', () => client.getRoomStateEvent(room, 'no.such', ''), 404);
	t.equal('joined members', (await client.getJoinedRoomMembers(room)).sort(),
		['@carol:sim.test', '@dave:sim.test']);
	const profiles = await client.getJoinedRoomMembersWithProfiles(room);
	t.equal('members with profiles', profiles['@dave:sim.test'].display_name, 'Dave');
	t.equal('members', (await client.getRoomMembers(room)).map((m) => m.membership), ['join', 'join']);
	t.equal('members by membership', (await client.getRoomMembersByMembership(room, 'join')).length, 2);
	t.ok('joined rooms', (await client.getJoinedRooms()).includes(room));

	// ---- sending ----
	const first = await t.does('send text', () => client.sendText(room, 'from carol'));
	await t.does('send notice', () => client.sendNotice(room, 'note'));
	await t.does('send html', () => client.sendHtmlText(room, '<b>bold</b>'));
	t.equal('html got its body', messages.length >= 0 && (await client.getEvent(room,
		await client.sendHtmlText(room, '<i>it</i>'))).content.formatted_body, '<i>it</i>');
	await t.does('dave says', () => dave.sendText(room, 'from dave'));
	await t.until('message by sync', () => messages.find((m) => m.event.content.body === 'from dave'));
	const original = await client.getEvent(room, first);
	await t.does('reply', () => client.replyText(room, original, 'reply'));
	await t.until('reply by sync', () => events.find((e) => e.event.content['m.relates_to']
		&& e.event.content['m.relates_to']['m.in_reply_to']
		&& e.event.content['m.relates_to']['m.in_reply_to'].event_id === first));
	const edit = await t.does('edit', () => client.sendMessage(room, {
		msgtype: 'm.text', body: '* edited', 'm.new_content': { msgtype: 'm.text', body: 'edited' },
		'm.relates_to': { rel_type: 'm.replace', event_id: first },
	}));
	t.equal('edits by relation',
		(await client.getRelationsForEvent(room, first, 'm.replace')).chunk.map((e) => e.event_id || e.eventId),
		[edit]);
	const bundled = await client.getRawEvent(room, first);
	t.ok('the edit is bundled where the server does that',
		conduwuit === !(bundled.unsigned && bundled.unsigned['m.relations']
			&& bundled.unsigned['m.relations']['m.replace']));
	const threaded = await t.does('thread', () => client.sendMessage(room, {
		msgtype: 'm.text', body: 'in thread',
		'm.relates_to': { rel_type: 'm.thread', event_id: first, is_falling_back: true,
			'm.in_reply_to': { event_id: first } },
	}));
	const root = await client.getRawEvent(room, first);
	t.equal('the thread is bundled', root.unsigned['m.relations']['m.thread'].count, 1);
	t.equal('its newest event', root.unsigned['m.relations']['m.thread'].latest_event.event_id, threaded);
	const threads = await client.doRequest('GET', `/_matrix/client/v1/rooms/${encodeURIComponent(room)}/threads`);
	t.equal('threads list', threads.chunk.map((e) => e.event_id), [first]);
	const reaction = await t.does('react', () => client.unstableApis.addReactionToEvent(room, first, '👍'));
	t.equal('reactions by relation',
		(await client.getRelationsForEvent(room, first, 'm.annotation', 'm.reaction')).chunk.length, 1);
	if (conduwuit) {
		await t.does('the same reaction again', () => client.unstableApis.addReactionToEvent(room, first, '👍'));
	} else {
		await t.refused('the same reaction again', 'M_DUPLICATE_ANNOTATION',
			() => client.unstableApis.addReactionToEvent(room, first, '👍'), 400);
	}
	await t.does('redact', () => client.redactEvent(room, reaction, 'why'));
	t.equal('redacted', Object.keys((await client.getEvent(room, reaction)).content), []);
	const context = await t.does('context', () => client.getEventContext(room, first, 4));
	t.ok('context is around the event', context.event && context.before.length > 0 && context.after.length > 0);
	await t.refused('no such event', 'M_NOT_FOUND', () => client.getEvent(room, '$none'), 404);
	const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/same`;
	const once = await client.doRequest('PUT', path, null, { msgtype: 'm.text', body: 'once' });
	const twice = await client.doRequest('PUT', path, null, { msgtype: 'm.text', body: 'once' });
	t.equal('a repeated transaction is one event', once.event_id, twice.event_id);

	// ---- ephemeral ----
	await t.does('typing', () => client.setTyping(room, true, 20000).then(() => true));
	await t.does('read receipt', () => client.sendReadReceipt(room, first).then(() => true));
	await t.until('typing and receipt by sync', async () => {
		const sync = await dave.doRequest('GET', '/_matrix/client/v3/sync', { timeout: 0 });
		const types = sync.rooms.join[room].ephemeral.events.map((e) => e.type);
		return types.includes('m.typing') && types.includes('m.receipt');
	});
	await t.does('set presence', () => client.setPresenceStatus('unavailable', 'lunch').then(() => true));
	t.equal('read presence', (await client.getPresenceStatus()).statusMessage, 'lunch');
	await t.until('presence by sync', async () => {
		const sync = await dave.doRequest('GET', '/_matrix/client/v3/sync', { timeout: 0 });
		return sync.presence.events.some((e) => e.sender === '@carol:sim.test');
	});

	// ---- profile and media ----
	await t.does('set name', () => client.setDisplayName('Carol').then(() => true));
	const image = Buffer.from('not really a picture');
	const mxc = await t.does('upload', () => client.uploadContent(image, 'image/png', 'a.png'));
	await t.does('set avatar', () => client.setAvatarUrl(mxc).then(() => true));
	t.equal('profile', await client.getUserProfile('@carol:sim.test'),
		(({ avatar_url: mxc, displayname: 'Carol' })));
	const down = await t.does('download', () => client.downloadContent(mxc));
	t.ok('the same bytes', down.data.equals(image) && down.contentType === 'image/png');
	const large = Buffer.alloc(12 * 1024 * 1024, 'x');
	const largeUri = await t.does('upload 12 MiB', () => client.uploadContent(large, 'application/octet-stream'));
	t.ok('download 12 MiB', (await client.downloadContent(largeUri)).data.equals(large));
	await t.refused('no such media', 'M_NOT_FOUND', () => client.doRequest('GET',
		'/_matrix/client/v1/media/download/sim.test/none', null, null, 5000, false), 404);
	await t.until('the name reached the room', async () => (await client.getRoomStateEvent(
		room, 'm.room.member', '@carol:sim.test')).displayname === 'Carol');

	// ---- account data ----
	await t.does('set account data', () => client.setAccountData('x.data', { a: 1 }).then(() => true));
	t.equal('get account data', await client.getAccountData('x.data'), { a: 1 });
	t.equal('account data that is none', await client.getSafeAccountData('x.none', { b: 2 }), { b: 2 });
	await t.until('account data by sync', () => data.some((e) => e.type === 'x.data'));
	await t.does('set room account data', () => client.setRoomAccountData('x.room', room, { c: 3 }).then(() => true));
	t.equal('get room account data', await client.getRoomAccountData('x.room', room), { c: 3 });

	// ---- power ----
	t.equal('power to ban', await client.userHasPowerLevelForAction('@carol:sim.test', room, PowerLevelAction.Ban), true);
	t.equal('no power to ban', await client.userHasPowerLevelForAction('@dave:sim.test', room, PowerLevelAction.Ban), false);
	await t.refused('dave may not name the room', 'M_FORBIDDEN',
		() => dave.sendStateEvent(room, 'm.room.name', '', { name: 'x' }), 403);
	await t.does('raise dave', () => client.setUserPowerLevel('@dave:sim.test', room, 50).then(() => true));
	await t.does('dave may name the room', () => dave.sendStateEvent(room, 'm.room.name', '', { name: 'x' }));

	// ---- aliases and directory ----
	await t.does('create alias', () => client.createRoomAlias('#carols:sim.test', room).then(() => true));
	t.equal('look alias up', (await client.lookupRoomAlias('#carols:sim.test')).roomId, room);
	t.equal('resolve', await client.resolveRoom('#carols:sim.test'), room);
	await t.does('publish', () => client.setDirectoryVisibility(room, 'public').then(() => true));
	t.equal('published', await client.getDirectoryVisibility(room), 'public');
	const listed = await client.doRequest('POST', '/_matrix/client/v3/publicRooms', null, {});
	t.ok('in the directory', listed.chunk.some((r) => r.room_id === room));
	await t.does('delete alias', () => client.deleteRoomAlias('#carols:sim.test').then(() => true));
	await t.refused('the alias is gone', 'M_NOT_FOUND', () => client.lookupRoomAlias('#carols:sim.test'), 404);

	// ---- spaces ----
	const space = await t.does('create space', () => client.createSpace({ name: 'Space', isPublic: false }));
	await t.does('add a room to it', () => space.addChildRoom(room, { via: ['sim.test'], suggested: true }).then(() => true));
	t.ok('children', Object.keys(await space.getChildEntities()).includes(room));
	const hierarchy = await client.doRequest('GET',
		`/_matrix/client/v1/rooms/${encodeURIComponent(space.roomId)}/hierarchy`);
	t.equal('hierarchy', hierarchy.rooms.map((r) => r.room_id), [space.roomId, room]);
	await t.does('remove it', () => space.removeChildRoom(room).then(() => true));
	t.equal('no children', Object.keys(await space.getChildEntities()), []);

	// ---- members come and go ----
	await t.control('create_room', { as: 'dave', room: 'daves', invite: ['carol'] });
	await t.until('invite by sync', () => invites.length === 1);
	await t.until('joined by itself', () => joins.includes(invites[0]));
	await t.control('kick', { as: 'dave', room: 'daves', user: 'carol' });
	if (conduwuit) {
		// It tells of a kick in the left room's state, where this client does not look.
		await t.until('kicked', async () => !(await client.getJoinedRooms()).includes(invites[0]));
	} else {
		await t.until('kick by sync', () => leaves.includes(invites[0]));
	}
	await t.does('ban', () => client.banUser('@dave:sim.test', room, 'bye').then(() => true));
	await t.refused('banned', conduwuit ? 'M_FORBIDDEN' : 'M_BAD_STATE', () => dave.joinRoom(room), 403);
	await t.does('unban', () => client.unbanUser('@dave:sim.test', room).then(() => true));
	await t.does('invite', () => client.inviteUser('@dave:sim.test', room).then(() => true));
	await t.does('join again', () => dave.joinRoom(room));
	await t.does('kick', () => client.kickUser('@dave:sim.test', room).then(() => true));

	// ---- upgrade ----
	const upgraded = await t.does('upgrade', () => client.doRequest('POST',
		`/_matrix/client/v3/rooms/${encodeURIComponent(room)}/upgrade`, null, { new_version: '10' }));
	t.equal('tombstone', (await client.getRoomStateEvent(room, 'm.room.tombstone', '')).replacement_room,
		upgraded.replacement_room);
	const history = await t.does('upgrade history', () => client.getRoomUpgradeHistory(upgraded.replacement_room));
	t.equal('previous room', history.previous.map((r) => r.roomId), [room]);
	t.equal('version', history.current.version, '10');

	// ---- devices, keys, to-device ----
	t.ok('own devices', (await client.getOwnDevices()).length >= 2);
	t.equal('keys of a user without any',
		(await client.getUserDevices(['@dave:sim.test'])).device_keys['@dave:sim.test'], {});
	await t.does('send to a device', () => client.sendToDevices('x.test', {
		'@carol:sim.test': { '*': { hi: 1 } },
	}).then(() => true));
	t.ok('openid token', (await client.getOpenIDConnectToken()).access_token.length > 0);
	await t.refused('another\'s account data', 'M_FORBIDDEN', () => client.doRequest('GET',
		'/_matrix/client/v3/user/@dave:sim.test/account_data/x'), 403);
	await t.refused('unknown endpoint', 'M_UNRECOGNIZED', () => client.doRequest('GET',
		'/_matrix/client/v3/no/such'), 404);
	await t.refused('wrong verb', 'M_UNRECOGNIZED', () => client.doRequest('DELETE',
		'/_matrix/client/v3/createRoom'), 405);

	// ---- trouble ----
	await t.control('answer', { request: 'PUT send', with: { retry_after_ms: 1500 } });
	try {
		await client.sendText(room, 'limited');
		t.ok('limited', false, 'not refused');
	} catch (e) {
		t.ok('limited, with a time to wait', e.errcode === 'M_LIMIT_EXCEEDED' && e.retryAfterMs === 1500,
			JSON.stringify(e.body));
	}
	await t.does('leave', () => client.leaveRoom(room).then(() => true));
	await t.does('forget', () => client.forgetRoom(room).then(() => true));
	t.ok('left', !(await client.getJoinedRooms()).includes(room));
	client.stop();
	await t.does('log out', () => dave.doRequest('POST', '/_matrix/client/v3/logout', null, {}));
	await t.refused('logged out', 'M_UNKNOWN_TOKEN', () => dave.getWhoAmI(), 401);
});
