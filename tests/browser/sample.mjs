// Starts a real server with two phones' records in it, and a real browser.

import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = fileURLToPath(new URL('../../', import.meta.url));
export const screenshots = path.join(root, 'target', 'screenshots');

/** The folder of the built programs. */
function programs() {
  const named = process.env.WANGGE_BIN;
  return named ? path.dirname(named) : path.join(root, 'target', 'debug');
}

/**
 * Starts the sample server; answers what it says about itself: `address`,
 * `username`, `password`, and the ids of some records.
 */
export async function startSample() {
  const program = path.join(programs(), 'console_sample');
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
  const failed = new Promise((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${program} ended with ${code}`)));
  });
  const lines = createInterface({ input: child.stdout });
  const said = new Promise((resolve) => lines.once('line', resolve));
  const sample = JSON.parse(await Promise.race([said, failed]));
  failed.catch(() => {});
  return {
    ...sample,
    /** Lets the phones sync; answers what they now say about the conflict. */
    sync: async () => {
      const answer = new Promise((resolve) => lines.once('line', resolve));
      child.stdin.write('sync\n');
      return JSON.parse(await answer);
    },
    // The server ends when its input does, also if this process is killed.
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', resolve);
        child.stdin.end();
      }),
  };
}

/** Starts the browser. */
export function startBrowser() {
  mkdirSync(screenshots, { recursive: true });
  return chromium.launch({
    executablePath: process.env.WANGGE_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
}

/**
 * A page that notes whatever must not happen on any page: messages on the
 * browser's console (breaches of the content policy are some of them), failed
 * scripts, dialogs, and requests to anywhere but our server.
 */
export async function openPage(browser, address, options) {
  const context = await browser.newContext({ baseURL: address, ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => {
    // A page that answers 404 on purpose is reported as a failed resource.
    if (!/the server responded with a status of/.test(message.text())) {
      complaints.push(`console: ${message.text()}`);
    }
  });
  page.on('pageerror', (error) => complaints.push(`script: ${error.message}`));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(address).origin) {
      complaints.push(`request: ${request.url()}`);
    }
  });
  return { page, complaints };
}

/** Signs in through the form. */
export async function signIn(page, sample, username = sample.username) {
  await page.goto('/sign-in');
  await page.locator('#username').fill(username);
  await page.locator('#password').fill(sample.password);
  await page.locator('main form button').click();
  await page.waitForURL('**/');
}
