// Holds as many connections as it is told to, until it is killed: `node hold.mjs PORT N`. Tells its parent how many it has.
import net from 'node:net';

const [port, n] = process.argv.slice(2).map(Number);
const held = [];
let got = 0, at = 0;

function next() {
  if (at++ >= n) return got === n && process.send(got);
  const c = net.connect(port, '127.0.0.1');
  let told = false;
  const on = (ok) => {
    if (told) return;
    told = true;
    got += ok;
    next();
    if (!ok && at > n) process.send(got);
  };
  c.on('connect', () => on(1)).on('error', () => on(0)).resume();
  held.push(c);
}

for (let i = 0; i < 1; i++) next();
process.on('disconnect', () => process.exit());
