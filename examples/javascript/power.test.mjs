// JavaScript, with Node's own test runner and nothing else. Run it with:
//   hypervisor-emulator exec --timing realistic --clock frozen -- node --test power.test.mjs
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

const EMULATOR = process.env.HYPERVISOR_EMULATOR_URL;
const HOST = 'organizations/Guardis%20Test/environments/Test%20Environment/hosts/test-host-on-Hyp3';

const post = (url, body) =>
  fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
const json = async (answer) => (await answer).json();

let world; // a platform for each test: its URL is all that the code under test needs to know
beforeEach(async () => {
  const { path } = await json(post(`${EMULATOR}/_emulator/worlds`, {}));
  world = `${EMULATOR}${path}`;
});
afterEach(() => fetch(`${EMULATOR}/_emulator/worlds/${world.split('/').pop()}`, { method: 'DELETE' }));

const state = async () => (await json(fetch(`${world}/${HOST}/instance`))).state;

test('a pause is accepted, and takes effect later', async () => {
  const answer = await fetch(`${world}/${HOST}/instance/_pause`, { method: 'PUT' });
  assert.equal(answer.status, 202);
  assert.equal(await state(), 'PENDING');
  await post(`${world}/_emulator/clock`, { until: { state: 'PAUSED' } });
  assert.equal(await state(), 'PAUSED');
});

test('a refusal says what to do instead, and the journal has it', async () => {
  const answer = await fetch(`${world}/${HOST}/instance/_start`, { method: 'PUT' });
  assert.equal(answer.status, 409);
  assert.match((await answer.json()).error[0], /start is legal in STOPPED/);
  const { entries } = await json(fetch(`${world}/_emulator/journal?operation=startInstance`));
  assert.deepEqual(entries.map((entry) => [entry.status, entry.before]), [[409, 'RUNNING']]);
});
