-- expect: survives
assert(not pcall(function() local t = {} t[0 / 0] = 1 end))
assert(not pcall(rawset, {}, 0 / 0, 1))
assert(not pcall(rawset, {}, nil, 1))
assert(({})[0 / 0] == nil)
for _, f in ipairs { storage.kv.get, run.note, flow.get, content.get, people.person } do pcall(f, 0 / 0) end
