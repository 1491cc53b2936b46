// Hostile programs from a grammar over the real API: names, arguments and types are those that `khung api --json` tells.
// The same seed gives the same program.

export function random(seed) {
  let a = seed >>> 0;
  const next = () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (n) => Math.floor(next() * n);
  return { next, below, pick: (list) => list[below(list.length)], chance: (p) => next() < p };
}

// Values that are wrong, large, strange or alive.
const EVIL = ['nil', 'true', '0', '-1', '1e308', '-0.0', '0/0', '1/0', 'math.mininteger', 'math.maxinteger', '""', '"\\0"', '"a\\0b"', '"\\xff\\xfe"',
  '"\\u{202e}\\u{0}\\u{10ffff}"', '("x"):rep(70000)', '("x"):rep(5000000)', '("%s"):rep(500)', '"../../etc/passwd"', '"\'; drop table x; --"', '{}',
  '{ {}, {}, {} }', '{ 1, 2, nil, 4 }', '{ [1.5] = 1 }', '{ [true] = 1 }', '{ ["a\\0b"] = 1 }', 'cyclic', 'odd', 'deep', 'print', 'function() end',
  'function(...) return ... end', 'function() while true do end end', 'function() error({}) end', 'coroutine.create(function() coroutine.yield() end)', 'math.huge', '_G',
  'string', 'select', 'setmetatable({}, { __index = function(t, k) return t[k .. k] end })', 'setmetatable({}, { __len = function() return 1 << 60 end })',
  'setmetatable({}, { __tostring = function() return {} end })', 'setmetatable({}, { __call = error })', 'rows', 'thing', 'a', 'b', 'c', 'd'];

const TEXTS = ['"x"', '"n"', '"id"', '"item"', '"draft"', '"10ms"', '"0s"', '"1 day"', '"2 working days"', '"2021-01-04 08:00"', '"boss"', '"note"', '"title"',
  '"a.b"', '"-n"', '"n desc"', '"select 1 as x"', '"select * from row"', '"vi"', '"[1, {}]"', '"* * * * *"', '"../x"', 'tostring(a)', 'json.encode(b)'];

// A value that fits a type, as a rule.
function typed(g, type, depth) {
  const { r } = g;
  if (r.chance(0.18) || depth > 4) return r.pick(EVIL);
  const base = type.replace(/!$/, '');
  if (base.startsWith('object:table')) return r.pick(['rows', 'rows', 'others']);
  if (base.startsWith('object:run')) return r.pick(['run', 'run', 'thing']);
  if (base.startsWith('object:item')) return r.pick(['item(n)', 'item(n)', 'thing']);
  if (base.startsWith('object')) return r.pick(['thing', 'a', 'b', 'c', 'date.now()', 'loop.channel(2)', 'people.unit("office")']);
  if (base === 'fn') return body(g, depth + 1, '');
  if (base === 'fns') return `{ a = ${body(g, depth + 1, '')}, b = ${body(g, depth + 1, '')} }`;
  if (base === 'integer') return r.pick(['1', 'n', '0', '7', '1000', '-5', '2^53', 'a']);
  if (base === 'number') return r.pick(['1.5', 'n', '1e10', 'b']);
  if (base === 'boolean') return r.pick(['true', 'false']);
  if (base === 'duration') return r.pick(['"10ms"', '"1ms"', '"0s"', '"1s"', '"-1s"', '"1e9d"']);
  if (['date', 'instant'].includes(base)) return r.pick(['date.now()', 'date.today()', '"2021-01-04 08:00"', '"9999-12-31"']);
  if (base === 'map' || base === 'json' || base === 'any') return value(g, depth);
  if (base === 'list') return `{ ${value(g, depth)}, ${value(g, depth)} }`;
  if (['unit', 'person'].includes(base)) return r.pick(['"boss"', '"office"', 'people.person("boss")', 'people.unit("office")', '1']);
  return r.pick(TEXTS);
}

function value(g, depth = 0) {
  const { r } = g;
  if (depth > 3) return r.pick(TEXTS);
  switch (r.below(9)) {
    case 0: return r.pick(EVIL);
    case 1: return `{ n = ${value(g, depth + 1)}, title = ${r.pick(TEXTS)} }`;
    case 2: return `{ ${value(g, depth + 1)}, ${value(g, depth + 1)} }`;
    case 3: return `${r.pick(['a', 'b', 'n'])} ${r.pick(['+', '-', '*', '/', '//', '%', '^', '..', '==', '<', '<=', '&', '|', '~', '<<', '>>', 'and', 'or'])} ${r.pick(['a', 'b', '2', '"x"'])}`;
    case 4: return `${r.pick(['#', '-', 'not ', '~'])}${r.pick(['a', 'b', 'c', 'd'])}`;
    case 5: return call(g, depth + 1);
    case 6: return library(g, depth + 1);
    default: return r.pick(['a', 'b', 'c', 'd', 'n', '1', '2', ...TEXTS]);
  }
}

// Plain Lua that has hurt other hosts.
function library(g, depth) {
  const { r } = g, v = () => value(g, depth + 1);
  return r.pick([() => `table.sort(${v()}, function(x, y) return ${v()} end)`, () => `table.concat(${v()}, ${v()})`, () => `table.unpack(${v()})`,
    () => `table.insert(${v()}, ${v()})`, () => `table.remove(${v()}, ${v()})`, () => `table.move(${v()}, ${v()}, ${v()}, ${v()})`,
    () => `string.rep(${v()}, ${v()})`, () => `string.format(${v()}, ${v()}, ${v()})`, () => `string.gsub(${v()}, ${v()}, ${v()})`, () => `string.find(${v()}, ${v()})`,
    () => `string.pack(${v()}, ${v()})`, () => `string.unpack(${v()}, ${v()})`, () => `utf8.char(${v()})`, () => `utf8.offset(${v()}, ${v()})`, () => `tostring(${v()})`,
    () => `setmetatable({}, { ${r.pick(['__index', '__newindex', '__call', '__eq', '__lt', '__concat', '__len', '__close', '__pairs', '__gc', '__mode', '__metatable', '__name'])} = ${v()} })`,
    () => `getmetatable(${v()})`, () => `rawset(${v()}, ${v()}, ${v()})`, () => `rawget(${v()}, ${v()})`, () => `next(${v()}, ${v()})`, () => `select(${v()}, ${v()})`,
    () => `coroutine.wrap(${body(g, depth + 1, '')})(${v()})`, () => `coroutine.resume(coroutine.create(${body(g, depth + 1, '')}), ${v()})`, () => `coroutine.yield(${v()})`,
    () => `xpcall(${body(g, depth + 1, '')}, ${body(g, depth + 1, 'e')}, ${v()})`, () => `error(${v()}, ${v()})`, () => `require(${v()})`, () => `math.random(${v()}, ${v()})`])();
}

// One call of the API, as an expression.
function call(g, depth) {
  const { r } = g, fn = r.pick(g.api), args = [];
  let named = fn.name;
  for (const p of fn.arguments) {
    if (!p.required && r.chance(0.4)) break;
    if (p.keys?.length && r.chance(0.8)) {
      const keys = p.keys.filter((k) => k.required || r.chance(0.4));
      args.push(`{ ${keys.map((k) => `${k.name} = ${typed(g, k.type, depth + 1)}`).join(', ')} }`);
    } else {
      args.push(typed(g, p.type, depth + 1));
    }
  }
  if (named.includes(':')) {
    const self = args.shift() ?? 'thing';
    named = `(${self}):${named.split(':')[1]}`;
  }
  if (r.chance(0.04)) args.push(r.pick(EVIL));
  return `${named}(${args.join(', ')})`;
}

function statement(g, depth) {
  const { r } = g, name = r.pick(['a', 'b', 'c', 'd']);
  if (depth > 4) return `${name} = ${value(g, depth)}`;
  switch (r.below(16)) {
    case 0: return `for i = 1, ${r.pick(['2', '3', '20', '200', ...(g.patient ? [] : ['1e5', '1e9'])])} do ${block(g, depth + 1, 2)} end`;
    case 1: return `while ${r.pick(['true', 'n > 0', value(g, depth)])} do ${block(g, depth + 1, 2)}${g.patient || r.chance(0.8) ? ' if n then break end' : ''} end`;
    case 2: return `if ${value(g, depth)} then ${block(g, depth + 1, 2)} else ${block(g, depth + 1, 1)} end`;
    case 3: return `for k, v in pairs(${r.pick(['cyclic', 'a', 'b', '{ 1, 2, x = 3 }'])}) do d = v ${statement(g, depth + 1)} end`;
    case 4: return `do local x <close> = setmetatable({}, { __close = ${body(g, depth + 1, 'self, e')} }) ${statement(g, depth + 1)} end`;
    case 5: return `a, b = pcall(${body(g, depth + 1, '')})`;
    case 6: return `local ok, e = pcall(function() ${block(g, depth + 1, 3)} end) c = e`;
    case 7: return `${name} = ${library(g, depth)}`;
    case 8: return `cyclic[${r.pick(['1', '"k"', 'a'])}] = ${value(g, depth)}`;
    default: return r.chance(0.75) ? `a, b = pcall(function() return ${call(g, depth)} end)` : `${name} = ${call(g, depth)}`;
  }
}

function block(g, depth, n) {
  return Array.from({ length: 1 + g.r.below(n) }, () => statement(g, depth)).join('\n');
}

function body(g, depth, params) {
  return g.r.chance(0.5) || depth > 4 ? `function(${params}) return ${value(g, depth)} end` : `function(${params}) ${block(g, depth + 1, 2)} end`;
}

const HEAD = `
local rows = storage.table("row", { fields = { n = "integer", title = "text", j = "json" }, index = { { "n" } } })
local others = storage.table("other", { fields = { row = "ref:row", when = "instant", who = "person" } })
`;
const LOCALS = `
  local n, a, b, c, d, thing = 3, 1, "x", {}, nil, run
  local cyclic, deep = {}, {}
  cyclic.me = cyclic
  for _ = 1, 60 do deep = { deep } end
  local odd = setmetatable({ 1 }, { __index = function() return 1 end, __name = "run", __tostring = function() error("x") end })
  local function item(i) return content.create(TYPE, { title = "t" .. i, n = i }) end
`;

// { source, flows, events, reports }: init.lua of a plugin of that name.
export function program(seed, name, api) {
  const r = random(seed), g = { r, api: api.filter((f) => !/^(flow\.define|content\.type|storage\.table|report\.define|schedule\.cron|on|report_out:.*)$/.test(f.name)) };
  const type = `${name}_thing`, locals = LOCALS.replace('TYPE', `"${type}"`), flows = [];
  const parts = [HEAD, `content.type("${type}", { fields = { title = "text!", n = "integer", body = "markdown" }, title = "title" })`];
  const run = 'local run = nil\n';
  if (r.chance(0.7)) parts.push(`on("${name}.before_x", function(e)\n${run}${locals}\n${block(g, 1, 3)}\nend)`);
  if (r.chance(0.5)) parts.push(`on("${name}.x", function(e)\n${run}${locals}\n${block(g, 1, 3)}\nend)`);
  if (r.chance(0.4)) parts.push(`on("content.before_publish", function(e)\nif e.type ~= "${type}" then return end\n${run}${locals}\n${block(g, 1, 2)}\nend)`);
  if (r.chance(0.6)) parts.push(`loop.after("${r.below(40)}ms", function()\n${run}${locals}\n${block(g, 1, 3)}\nend)`);
  if (r.chance(0.2)) parts.push(`loop.every("${1 + r.below(40)}ms", function()\n${run}${locals}\n${block(g, 1, 2)}\nend)`);
  if (r.chance(0.15)) parts.push(`pcall(function()\n${run}${locals}\n${block(g, 1, 4)}\nend)`);
  g.patient = true; // a report has seconds
  parts.push(`report.define("${name}", { title = "x", columns = { { "a", "text" }, { "n", "integer", total = "sum" } } }, function(p, out)\n${run}${locals}
pcall(function() out:row { a = ${value(g, 2)}, n = ${value(g, 2)} } end)\n${block(g, 1, 4)}\nend)`);
  g.patient = false;
  for (let i = 0; i < 4; i++) {
    flows.push(`f${i}`);
    const emit = r.chance(0.3) ? `pcall(events.emit, "${name}.${r.pick(['before_x', 'x'])}", { n = 1 })\n` : '';
    parts.push(`flow.define("f${i}", { title = "x", retry = { times = ${r.below(2)}, pause = "10ms" } }, function(run, input)\n${locals}\n${emit}${block(g, 1, 7)}\nend)`);
  }
  return { source: parts.join('\n'), flows, reports: [name] };
}
