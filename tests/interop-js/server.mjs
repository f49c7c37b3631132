// A real server in a process of its own, its administrator's commands, and two
// real phones that worked with it.

import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const wangge = process.env.WANGGE_BIN ?? path.join(root, 'target', 'debug', 'wangge');
const phone = path.join(path.dirname(wangge), 'phone');

const STREET = '370102002';
const COMMUNITY = '370102002008';

/** Starts a server with an empty data folder on a free port. */
export async function startServer() {
  const folder = await mkdtemp(path.join(tmpdir(), 'wangge-interop-'));
  const env = {
    ...process.env,
    WANGGE_DATA: path.join(folder, 'data'),
    WANGGE_TLS: 'false',
    WANGGE_LANGUAGE: 'en',
    WANGGE_LOG_FILTER: 'warn',
  };
  const child = spawn(wangge, ['serve', '--listen', '127.0.0.1:0'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const address = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${wangge} ended with ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = /^listening (\S+)$/.exec(line);
      if (found) resolve(found[1]);
    });
  });
  const admin = async (...args) => {
    const { stdout } = await run(wangge, ['admin', '--json', ...args], { env });
    return JSON.parse(stdout);
  };
  return {
    address,
    admin,
    stop: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill();
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

/** A place with a grid, a worker in it, and a supervisor over it. */
export async function furnish(admin) {
  const node = (level, name, code, ...parent) =>
    admin('node', 'create', '--level', level, '--name', name, '--code', code, ...parent);
  await node('street', '千佛山街道', STREET);
  await node('community', '千佛山社区', COMMUNITY, '--parent', STREET);
  const grid = await node('grid', '第一网格', '3701020020000800101', '--parent', COMMUNITY);
  const worker = await admin('person', 'create', '--name', '王小明', '--trained-on', '2026-01-01');
  await admin('assign', '--person', worker.id, '--node', grid.id, '--role', 'grid_worker');
  const supervisor = await admin(
    'person', 'create', '--name', '孙主管', '--username', 'desk', '--generate-password',
  );
  await admin('assign', '--person', supervisor.id, '--node', COMMUNITY, '--role', 'supervisor');
  // Who switches phones off; a desk alone may only propose it.
  await admin('assign', '--person', supervisor.id, '--node', STREET, '--role', 'admin');
  const stranger = await admin(
    'person', 'create', '--name', '外人', '--username', 'stranger', '--generate-password',
  );
  return { grid, worker, supervisor, stranger };
}

/** Two phones of the worker collect, differ and sync; answers what they hold. */
export async function workOnPhones(admin, worker) {
  const link = async () => (await admin('enrol', '--person', worker.id)).link;
  const { stdout } = await run(phone, [await link(), await link()]);
  return JSON.parse(stdout);
}

/** Signs in through the form; answers the session's cookie. */
export async function signIn(address, { username, password }) {
  const page = await fetch(`${address}/sign-in`);
  const csrf = /name="csrf" value="([^"]+)"/.exec(await page.text())[1];
  const answer = await fetch(`${address}/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie: cookies(page), origin: address },
    body: new URLSearchParams({ csrf, username, password, next: '/' }),
  });
  if (answer.status !== 303) throw new Error(`sign-in answered ${answer.status}`);
  return cookies(answer);
}

function cookies(response) {
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .filter((pair) => !pair.endsWith('='))
    .join('; ');
}
