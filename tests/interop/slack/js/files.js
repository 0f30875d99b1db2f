// @slack/web-api: filesUploadV2 with one and with several files, and downloads.
'use strict';

const { url, bot, check, until, control, records, load, quietLogger, main } = require('./lib');
const { WebClient } = load('@slack/web-api');

const GENERAL = 'C0GENERAL0';

async function download(file, headers) {
  const reply = await fetch(file.url_private_download || file.url_private, { headers, redirect: 'manual' });
  return { status: reply.status, type: reply.headers.get('content-type'), body: Buffer.from(await reply.arrayBuffer()) };
}

main(async () => {
  const web = new WebClient(bot, { slackApiUrl: `${url}/api/`, logger: quietLogger() });
  const bytes = Buffer.from(Array.from({ length: 70000 }, (_, i) => (i * 7) % 256));
  await control('invite', { in: 'general', bot: true });
  const one = await web.filesUploadV2({ channel_id: GENERAL, file: bytes, filename: 'one.bin', title: 'One', initial_comment: 'here it is' });
  const id = one.ok && one.files[0].files[0].id;
  check('filesUploadV2 with one file', /^F/.test(id), one);
  await until(async () => (await records('message')).some((message) => message.text === 'here it is'));
  const history = await web.conversations.history({ channel: GENERAL, limit: 5 });
  const shared = history.messages.find((message) => (message.files || []).some((file) => file.id === id));
  check('the message comes by itself and has the file', shared && shared.text === 'here it is', history.messages);
  const info = (await web.files.info({ file: id })).file;
  check('files.info', info.name === 'one.bin' && info.title === 'One' && info.size === bytes.length && JSON.stringify(info.shares).includes(GENERAL), info);
  const got = await download(info, { Authorization: `Bearer ${bot}` });
  check('a download with the token gives the bytes', got.status === 200 && got.body.equals(bytes), [got.status, got.body.length]);
  const without = await download(info, {});
  check('a download without gives no bytes and no 401', !without.body.equals(bytes) && (without.status === 302 || /html/.test(without.type)), [without.status, without.type]);
  const many = await web.filesUploadV2({ channel_id: GENERAL, initial_comment: 'three', file_uploads: [
    { file: Buffer.from('a'), filename: 'a.txt' }, { file: Buffer.from('bb'), filename: 'b.txt', alt_text: 'two letters' }, { file: Buffer.from('ccc'), filename: 'c.txt' }] });
  const ids = many.files.flatMap((part) => part.files.map((file) => file.id));
  check('filesUploadV2 with three files', ids.length === 3 && new Set(ids).size === 3, many);
  await until(async () => (await records('message')).some((message) => message.text === 'three'));
  const last = (await web.conversations.history({ channel: GENERAL, limit: 5 })).messages.find((message) => message.text === 'three');
  check('they come in one message', last && last.files && last.files.length === 3, last);
  check('files.delete', (await web.files.delete({ file: id })).ok);
});
