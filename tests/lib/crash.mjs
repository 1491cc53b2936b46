// A service that is killed on a way through the named points of the program (core/runtime/crash.h), and started again.
import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { TOP, folder } from './khung.mjs';

// The names of core/runtime/crash.c that fit.
export const crashNames = (fits) => readFileSync(join(TOP, 'core/runtime/crash.c'), 'utf8').split('NULL};')[0]
  .match(/"[a-z]+\.[a-z_]+"/g).map((x) => x.slice(1, -1)).filter((x) => fits.test(x));

// The ways around the commit of the slice that passes `own` (its k-th passing, "own:k"), each with whether what it did is there afterwards.
export const around = (own) => [[own, false], [`${own}>lane.before_commit`, false], [`${own}>lane.after_commit`, true], [`${own}>lane.before_done`, true]];

// Waits until it has died on its way: a test that comes to no kill fails.
export async function dies(s, way, ms = 20000) {
  let late;
  await Promise.race([s.ended, new Promise((done) => { late = setTimeout(done, ms); })]);
  clearTimeout(late);
  assert.equal(s.gone?.signal, 'SIGKILL', `${way} is never passed: ${s.log.slice(-1000)}`);
}

// Starts it again so that it dies on this way; false if it has before it was ready.
export async function startTo(s, way) {
  if (s.child) await s.stop();
  return s.start({ KHUNG_CRASH_AT: way }).then(() => true, (e) => {
    if (e.signal !== 'SIGKILL') throw e;
    return false;
  });
}

// It died under the request; what is found wrong with an answer is a fault.
const unanswered = (e) => {
  if (e instanceof assert.AssertionError) throw e;
  return null;
};

// It dies on this way while `act` is done, and is started again; the answer of `act`, or null. Without a way: right after the answer.
export async function killedOn(s, way, act) {
  if (!way) {
    await s.restart();
    const answer = await act();
    await s.kill();
    await s.start();
    return answer;
  }
  const answer = (await startTo(s, way)) ? await act().catch(unanswered) : null;
  await dies(s, way);
  await s.start();
  return answer;
}

// What it has on its disk now, for many tests: it is stopped, and each call of what is returned puts that back.
export async function keep(s) {
  await s.stop();
  const kept = join(folder(), 'kept'), config = { ...s.config };
  cpSync(s.data, kept, { recursive: true });
  return async () => {
    if (!s.gone) await s.kill();
    rmSync(s.data, { recursive: true });
    cpSync(kept, s.data, { recursive: true });
    s.config = { ...config };
  };
}
