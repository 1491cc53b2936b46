-- Calls a function of the API with everything that it does not expect, in each place where it takes a value. Written
-- into a plugin's init.lua by test_arguments.c; `hostile.call(name, samples)` gives how many calls there were.
local hostile = {}

local function deep(n, t)
  for _ = 1, n do t = { t } end
  return t
end

local function many(n, key)
  local t = {}
  for i = 1, n do t[key and key .. i or i] = i end
  return t
end

local function doubled(n)
  local t = { 1 }
  for _ = 1, n do t = { t, t } end
  return t
end

local loud = {}
for _, name in ipairs { "__index", "__newindex", "__call", "__len", "__pairs", "__tostring", "__name", "__close", "__eq",
  "__lt", "__concat", "__unm", "__metatable" } do
  loud[name] = function() error("a metamethod was called: " .. name) end
end

-- Made anew for each function: some are changed by what they are given to. `small`: none is larger than a few KiB.
local function values(small)
  local k = small and 100 or 1
  local cycle, ring = {}, { a = {} }
  cycle[1], ring.a.b = cycle, ring
  local wild = setmetatable({ 1, a = 2 }, loud)
  local nan = 0 / 0
  return {
    nan, -nan, 1 / 0, -1 / 0, -0.0, 0, -1, 0.5, 2 ^ 53, 2 ^ 53 + 1, 2 ^ 63, -2 ^ 63, 1e308, 5e-324, math.maxinteger,
    math.mininteger, 1 << 40, true, false,
    "", " ", "\0", "a\0b", "\xff\xfe", "abc\xC3", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xC0\x80", "e\u{301}\u{301}",
    ("x"):rep(70000 // k), ("x"):rep(1100000 // k), ("đ"):rep(70000 // k), ("\u{301}"):rep(50000 // k), ("("):rep(50000 // k), ("a.b."):rep(9000 // k),
    "%s%n%p%d", "'; drop table row; --", "\"", "../../../etc/passwd", "/dev/zero", "nan", "1e999", "-", "0x10",
    "9999-99-99", "2021-02-30", "0000-00-00", "2021-01-04 25:61", "999999-01-01", "-1d", "99999999999999999999 working days",
    "999999999w", "1 2 3", "* * * * *", "99 99 99 99 99", "*/0 * * * *", "0 0 30 2 *", "http://", "http://[::1", "text!!",
    "choice:", "ref:", "list:list:text", "{}", "[" .. ("["):rep(5000 // k), '{"a":1e400}', '"\\ud800"', "select 1; select 2",
    "with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c",
    {}, { 1, 2, 3 }, { 1, nil, 3 }, { a = 1 }, { [0.5] = 1 }, { [true] = 1 }, { [2 ^ 53] = 1 }, { [math.maxinteger] = 1 },
    { [-1] = 1, [0] = 2 }, { ["a\0b"] = 1 }, { ["\xff"] = "\xff" }, { [""] = "" }, { ["1"] = 1, [1] = 2 }, { nan, 1 / 0 },
    { [{}] = 1 }, { function() end }, { print = print }, cycle, ring, wild, { wild }, { a = wild }, deep(20, {}), deep(31, {}),
    deep(33, {}), deep(5000 // k, {}), many(30000 // k), many(8000 // k, "key"), doubled(10), doubled(40), { ("x"):rep(300000 // k) },
    { limit = -1, order = "x", after = nan }, { id = nan }, { ["or"] = {} }, { ["or"] = doubled(5) }, { n = { ">=", {} } },
    { name = { "a", "b", nil, "c" } }, { code = "x", message = {} }, { fields = { a = "nothing" } }, { fields = loud },
    print, function() end, string.rep, coroutine.create(print), coroutine.wrap(print), (select(2, pcall(error, { code = "x" }))),
    hostile, loud, pairs { 1 },
  }
end

hostile.values = values

local function base(type, samples)
  local usual = { text = "x", markdown = "x", integer = 1, number = 1.5, boolean = true, map = {}, list = {}, any = 1,
    date = "2021-01-05", instant = "2021-01-05 08:00", duration = "1d", json = {}, fn = function() end,
    fns = { a = function() end }, unit = samples.unit, person = samples.person, object = samples.item }
  return samples[type:match("^object:(.*)")] or usual[type]
end

local function find(name, samples)
  local kind, method = name:match("^(.*):(.*)$")
  if kind then return samples[kind] and samples[kind][method] end
  local at = _ENV
  for part in name:gmatch("[^.]+") do at = at[part] end
  return at
end

-- What came of a call has to be a value, or an error that says what it is.
local function judge(name, what, ok, e)
  if ok then return end
  local text = type(e) == "table" and rawget(e, "message")
  local code = type(e) == "table" and rawget(e, "code")
  if type(code) ~= "string" or code == "" or type(text) ~= "string" or text == "" or text == code then
    error(name .. " with " .. what .. ": " .. tostring(code) .. " " .. tostring(text or e), 0)
  end
end

local function one_call(name, what, call, f, args, n)
  local since = test.cpu()
  judge(name, what, call(f, table.unpack(args, 1, n)))
  test.took(name .. " with " .. what, test.cpu() - since)
end

function hostile.call(description, samples, call)
  local name, params = description.name, description.params
  local f, n, count = find(name, samples), #params, 0
  if not f then return 0 end
  local function try(what, i, v)
    local args = {}
    for k = 1, n do args[k] = base(params[k].type, samples) end
    if i then args[i] = v end
    count = count + 1
    one_call(name, what, call, f, args, n)
  end
  local all = values()
  for k, v in pairs(samples) do all[#all + 1] = v end
  try("what is usual")
  for i = 1, n do
    try("no argument " .. i, i, nil)
    for k, v in ipairs(all) do try("value " .. k .. " for " .. params[i].name, i, v) end
    for _, key in ipairs(params[i].keys or {}) do
      for k, v in ipairs(all) do try("value " .. k .. " for " .. params[i].name .. "." .. key, i, { [key] = v }) end
    end
  end
  for k, v in ipairs(all) do one_call(name, "value " .. k .. " everywhere", call, f, { v, v, v, v, v, v, v, v, v }, n) end
  one_call(name, "too many arguments", call, f, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, 10)
  one_call(name, "no arguments", call, f, {}, 0)
  return count
end
