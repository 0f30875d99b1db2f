// What the checks share: the simulator's control interface, waiting for a condition, and TAP-like output.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const url = process.env.SIM_URL;
const bot = process.env.SIM_BOT;
const app = process.env.SIM_APP;
const modules = path.join(process.env.SIM_CLIENTS, 'js', 'node_modules');

let passed = 0;
let failed = 0;

function check(name, good, seen) {
  if (good) {
    passed++;
    console.log(`ok ${passed + failed} - ${name}`);
  } else {
    failed++;
    console.log(`not ok ${passed + failed} - ${name}`);
    if (seen !== undefined) console.log(`#   seen: ${JSON.stringify(seen).slice(0, 600)}`);
  }
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// The first truthy value of fn within ms, otherwise its last value.
async function until(fn, ms = 10000) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await fn();
    if (value || Date.now() > end) return value;
    await pause(20);
  }
}

async function control(verb, args) {
  const reply = await fetch(`${url}/_control/${verb}`, { method: 'POST', body: JSON.stringify(args || {}) });
  const json = await reply.json();
  if (!json.ok) throw new Error(`${verb} ${JSON.stringify(args)}: ${json.error}`);
  return json.result;
}

const knob = (name, value) => control('knob', { name, value });

async function records(kind) {
  const all = [];
  for (let since = 0; ;) {
    const reply = await fetch(`${url}/_control/records?since=${since}`);
    const json = await reply.json();
    all.push(...json.records);
    if (json.records.length < 1000) break;
    since = json.next;
  }
  return kind ? all.filter((record) => record.kind === kind) : all;
}

// What a promise threw, or undefined.
async function thrown(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return undefined;
}

function load(name) {
  return require(path.join(modules, name));
}

function version(name) {
  return JSON.parse(fs.readFileSync(path.join(modules, name, 'package.json'), 'utf8')).version;
}

// Silent, but what it was told can be looked at.
function quietLogger() {
  const lines = [];
  const take = (level) => (...what) => lines.push(`${level} ${what.map(String).join(' ')}`);
  return {
    lines,
    debug: take('debug'),
    info: take('info'),
    warn: take('warn'),
    error: take('error'),
    setLevel() {},
    getLevel() { return 'debug'; },
    setName() {},
  };
}

async function main(fn) {
  process.on('unhandledRejection', (error) => check(`no unhandled rejection: ${error && error.stack}`, false));
  try {
    await fn();
  } catch (error) {
    check(`ran to its end: ${error && error.stack}`, false);
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
}

module.exports = { url, bot, app, check, pause, until, control, knob, records, thrown, load, version, quietLogger, main };
