-- expect: survives
local t = {}
t.t = t
for _, f in ipairs { json.encode, storage.kv.set, log.info, run.note, flow.start, content.create } do
  assert(not pcall(f, t, t), "one")
  pcall(f, "x", t)
end
assert(not pcall(storage.kv.set, "x", t))
assert(not pcall(json.encode, setmetatable({}, { __index = t, __pairs = function() return next, t end })) == false)
