// @slack/web-api: calls of every kind, errors, limits, retries, pages, headers.
'use strict';

const { url, app, bot, check, pause, until, control, knob, records, thrown, load, version, quietLogger, main } = require('./lib');
const { WebClient } = load('@slack/web-api');

const client = (more, token = bot) => new WebClient(token, { slackApiUrl: `${url}/api/`, logger: quietLogger(), ...more });
const GENERAL = 'C0GENERAL0';

async function basics(web) {
  const test = await web.auth.test();
  check('auth.test', test.ok && test.user_id === 'U0SIMBOT00' && test.bot_id === 'B0SIMBOT00' && test.team_id === 'T0SIMTEAM0', test);
  check('scope headers become response_metadata', test.response_metadata.scopes.includes('chat:write'), test.response_metadata);
  check('api.test gives arguments back', (await web.api.test({ foo: 'bar é 🎉' })).args.foo === 'bar é 🎉');
  check('api.test gives an error back', (await thrown(web.api.test({ error: 'my_error' }))).data.error === 'my_error');
  const unknown = await thrown(web.apiCall('no.such.method'));
  check('an unknown method', unknown.data.error === 'unknown_method', unknown && unknown.data);
  const auth = await thrown(client({}, 'xoxb-nobody').auth.test());
  check('an unknown token', auth.code === 'slack_webapi_platform_error' && auth.data.error === 'invalid_auth', auth);
  check('no token', (await thrown(client({}, null).auth.test())).data.error === 'not_authed');
  check('a token as a form field', (await client({}, null).auth.test({ token: bot })).ok);
  check('an app token where a bot token is due', (await thrown(client({}, app).users.list())).data.error === 'not_allowed_token_type');
  check('a missing argument', (await thrown(web.chat.postMessage({ text: 'x' }))).data.error === 'invalid_arguments');
}

async function messages(web) {
  await web.conversations.join({ channel: GENERAL });
  const posted = await web.chat.postMessage({ channel: GENERAL, text: 'first', metadata: { event_type: 'mark', event_payload: { event_id: '$1' } } });
  check('chat.postMessage', posted.ok && posted.channel === GENERAL && /^\d{10}\.\d{6}$/.test(posted.ts) && posted.message.bot_id === 'B0SIMBOT00', posted);
  const named = await web.chat.postMessage({ channel: GENERAL, text: 'as Bob', username: 'Bob', icon_url: 'http://127.0.0.1/bob.png' });
  check('with a name it is a bot_message', named.message.subtype === 'bot_message' && named.message.username === 'Bob', named.message);
  const blocks = [{ type: 'section', text: { type: 'mrkdwn', text: '*bold*' } }];
  const shaped = await web.chat.postMessage({ channel: GENERAL, text: 'fallback', blocks });
  check('blocks', shaped.message.blocks[0].text.text === '*bold*', shaped.message);
  check('chat.update', (await web.chat.update({ channel: GENERAL, ts: posted.ts, text: 'second' })).text === 'second');
  const reply = await web.chat.postMessage({ channel: GENERAL, text: 'reply', thread_ts: posted.ts });
  check('a reply', reply.message.thread_ts === posted.ts);
  const replies = await web.conversations.replies({ channel: GENERAL, ts: posted.ts });
  check('conversations.replies', replies.messages.map((one) => one.text).join() === 'second,reply', replies.messages);
  check('chat.getPermalink', /archives\/C0GENERAL0\/p\d+$/.test((await web.chat.getPermalink({ channel: GENERAL, message_ts: posted.ts })).permalink));
  await web.reactions.add({ channel: GENERAL, timestamp: posted.ts, name: 'tada' });
  check('reactions twice', (await thrown(web.reactions.add({ channel: GENERAL, timestamp: posted.ts, name: 'tada' }))).data.error === 'already_reacted');
  check('reactions.get', (await web.reactions.get({ channel: GENERAL, timestamp: posted.ts })).message.reactions[0].count === 1);
  await web.reactions.remove({ channel: GENERAL, timestamp: posted.ts, name: 'tada' });
  check('pins', (await web.pins.add({ channel: GENERAL, timestamp: posted.ts })).ok && (await web.pins.list({ channel: GENERAL })).items.length === 1 && (await web.pins.remove({ channel: GENERAL, timestamp: posted.ts })).ok);
  check('chat.delete', (await web.chat.delete({ channel: GENERAL, ts: reply.ts })).ok);
  check('chat.meMessage', (await web.chat.meMessage({ channel: GENERAL, text: 'waves' })).ok);
  check('chat.postEphemeral', (await web.chat.postEphemeral({ channel: GENERAL, user: 'U0SIMALICE', text: 'psst' })).ok);
  const history = await web.conversations.history({ channel: GENERAL, include_all_metadata: true });
  check('metadata comes back when asked for', history.messages.some((one) => one.metadata && one.metadata.event_payload && one.metadata.event_payload.event_id === '$1'), history.messages.map((one) => one.metadata));
  check('not in the channel', (await thrown(web.chat.postMessage({ channel: 'C0RANDOM00', text: 'x' }))).data.error === 'not_in_channel');
  check('a private channel one is not in does not exist', (await thrown(web.chat.postMessage({ channel: 'C0SECRET00', text: 'x' }))).data.error === 'channel_not_found');
}

async function conversations(web) {
  await control('app', { grant: ['channels:manage', 'groups:write', 'im:write', 'mpim:write', 'channels:write.invites', 'channels:write.topic', 'pins:write', 'users.profile:read'] });
  const made = await web.conversations.create({ name: 'made-here' });
  const id = made.channel.id;
  check('conversations.create', /^C/.test(id) && made.channel.name === 'made-here');
  check('a name that is taken', (await thrown(web.conversations.create({ name: 'made-here' }))).data.error === 'name_taken');
  check('rename, topic, purpose', (await web.conversations.rename({ channel: id, name: 'renamed' })).channel.name === 'renamed' && (await web.conversations.setTopic({ channel: id, topic: 'T' })).ok && (await web.conversations.setPurpose({ channel: id, purpose: 'P' })).ok);
  check('invite, kick', (await web.conversations.invite({ channel: id, users: 'U0SIMALICE,U0SIMCAROL' })).ok && (await web.conversations.kick({ channel: id, user: 'U0SIMCAROL' })).ok);
  const info = await web.conversations.info({ channel: id, include_num_members: true });
  check('conversations.info', info.channel.topic.value === 'T' && info.channel.purpose.value === 'P' && info.channel.num_members === 2, info.channel);
  const direct = await web.conversations.open({ users: 'U0SIMALICE' });
  check('conversations.open', /^D/.test(direct.channel.id) && (await web.chat.postMessage({ channel: direct.channel.id, text: 'hi' })).ok);
  check('a message to a user\'s ID', (await web.chat.postMessage({ channel: 'U0SIMALICE', text: 'hi' })).channel === direct.channel.id);
  check('archive, and then is_archived', (await web.conversations.archive({ channel: id })).ok && (await thrown(web.chat.postMessage({ channel: id, text: 'x' }))).data.error === 'is_archived');
  check('users.info, users.profile.get, bots.info', (await web.users.info({ user: 'U0SIMALICE' })).user.profile.display_name === 'Alice' && (await web.users.profile.get({ user: 'U0SIMALICE' })).profile.real_name === 'Alice Archer' && (await web.bots.info({ bot: 'B0SIMBOT00' })).bot.user_id === 'U0SIMBOT00');
  check('team.info', (await web.team.info()).team.domain === 'sim-team');
}

async function pages(web) {
  await knob('tiers', false);
  for (let i = 0; i < 45; i++) await control('post', { as: 'alice', in: 'general', text: `page ${i}` });
  const texts = [];
  let count = 0;
  for await (const page of web.paginate('conversations.history', { channel: GENERAL, limit: 7 })) {
    count++;
    texts.push(...page.messages.map((one) => one.text).filter((text) => /^page/.test(text)));
  }
  check('history page by page, newest first, each once', texts.length === 45 && texts[0] === 'page 44' && new Set(texts).size === 45 && count > 6, [count, texts.length]);
  for (let i = 0; i < 12; i++) await control('create_channel', { name: `many-${i}` });
  for (let i = 0; i < 12; i += 2) await control('archive', { in: `many-${i}` });
  const names = [];
  const sizes = [];
  for await (const page of web.paginate('conversations.list', { limit: 3, exclude_archived: true })) {
    sizes.push(page.channels.length);
    names.push(...page.channels.map((one) => one.name));
  }
  check('lists filtered after paging: short pages, nothing missing', names.includes('many-11') && !names.includes('many-10') && sizes.some((size) => size < 3) && new Set(names).size === names.length, [sizes, names]);
  const users = [];
  for await (const page of web.paginate('users.list', { limit: 2 })) users.push(...page.members);
  check('users.list', users.length === 5, users.map((one) => one.name));
  check('a bad cursor', (await thrown(web.users.list({ cursor: 'nonsense' }))).data.error === 'invalid_cursor');
  await knob('tiers', true);
}

async function limits() {
  const web = client();
  const waits = [];
  web.on('rate_limited', (seconds) => waits.push(seconds));
  await Promise.all([...Array(8).keys()].map((i) => web.chat.postMessage({ channel: GENERAL, text: `burst ${i}` })));
  const arrived = (await records('message')).filter((one) => /^burst/.test(one.text));
  check('one a second in a channel: the queue pauses, all arrive once', arrived.length === 8 && waits.length > 0, [arrived.length, waits]);
  await control('answer', { call: 'auth.test', with: { status: 429, retry_after: '1s' }, times: 1 });
  check('429 with Retry-After is retried', (await web.auth.test()).ok && waits.at(-1) === 1, waits);
  await control('answer', { call: 'auth.test', with: { status: 429 }, times: 1 });
  const aborted = await thrown(web.auth.test());
  check('429 without is not', aborted !== undefined, aborted && aborted.message);
  await control('answer', { call: 'auth.test', with: { status: 429, retry_after: '7s' }, times: 1 });
  const rejected = await thrown(client({ rejectRateLimitedCalls: true }).auth.test());
  check('or is rejected with its seconds, if so wanted', rejected.code === 'slack_webapi_rate_limited_error' && rejected.retryAfter === 7, rejected);
  await knob('tiers', true);
  const impatient = client({ rejectRateLimitedCalls: true });
  const errors = await Promise.all([...Array(80).keys()].map(() => thrown(impatient.users.list())));
  check('a tier of 20 a minute ends', errors.some((error) => error && error.code === 'slack_webapi_rate_limited_error'));
}

async function trouble() {
  const web = client({ retryConfig: { retries: 3, factor: 1, minTimeout: 50, maxTimeout: 50 } });
  const calls = async () => (await records('call')).filter((one) => one.call === 'auth.test').length;
  for (const [name, answer] of [['503', { status: 503 }], ['a page of HTML with 500', { status: 500, body: '<html>' }], ['a reset before the effect', { lost: 'before' }]]) {
    const before = await calls();
    await control('answer', { call: 'auth.test', with: answer, times: 2 });
    const result = await web.auth.test().catch((error) => error);
    check(`${name}, twice, then well`, result.ok && (await calls()) === before + 3, [result.message, (await calls()) - before]);
  }
  await control('answer', { clear: true });
  await control('answer', { call: 'auth.test', with: { cut_at: 9 }, times: 1 });
  check('an answer cut at byte 9 is an error, and the next is well', (await thrown(web.auth.test())) !== undefined && (await web.auth.test()).ok);
  await control('answer', { call: 'chat.postMessage', with: { lost: 'after' }, times: 1 });
  await pause(2500);
  await web.chat.postMessage({ channel: GENERAL, text: 'lost answer' });
  check('an answer lost after the effect: the retry makes it twice', (await records('message')).filter((one) => one.text === 'lost answer').length === 2);
  await control('answer', { call: 'auth.test', with: { status: 200, body: '<html>login</html>' }, times: 1 });
  const html = await thrown(web.auth.test());
  check('HTML with 200 is an error', html !== undefined && /<html>/.test(JSON.stringify(html.data || html.message)), html && html.message);
  await control('answer', { call: 'any', with: { status: 503 }, for: '20s' });
  const began = Date.now();
  check('an outage of all methods for a time passes', (await client({ retryConfig: { retries: 30, factor: 1, minTimeout: 100, maxTimeout: 100 } }).auth.test()).ok && Date.now() - began > 500, Date.now() - began);
  await control('answer', { call: 'auth.test', with: { delay: '20s' }, times: 1 });
  check('a slow answer is waited for', (await web.auth.test()).ok);
}

async function tokens() {
  const web = client();
  for (const error of ['token_revoked', 'token_expired', 'account_inactive', 'invalid_auth']) {
    await control('revoke', { token: 'bot', error });
    check(`a token that is ${error}`, (await thrown(web.auth.test())).data.error === error);
  }
  await control('revoke', { token: 'bot', error: 'none' });
  await control('app', { ungrant: ['reactions:write'] });
  const scope = await thrown(web.reactions.add({ channel: GENERAL, timestamp: '1.1', name: 'tada' }));
  check('a missing scope is named', scope.data.error === 'missing_scope' && scope.data.needed === 'reactions:write' && !scope.data.provided.includes('reactions:write'), scope.data);
  check('auth.revoke', (await web.auth.revoke()).revoked === true && (await thrown(web.auth.test())).data.error === 'account_inactive');
}

main(async () => {
  console.log(`# @slack/web-api ${version('@slack/web-api')}, node ${process.version}`);
  const web = client();
  await basics(web);
  await messages(web);
  await conversations(web);
  await pages(web);
  await limits();
  await trouble();
  await tokens();
  void until;
});
