-- expect: survives
for _, v in ipairs { print, coroutine.create(print), function() end, { print }, { x = { y = coroutine.create(print) } } } do
  assert(not pcall(storage.kv.set, "x", v))
  assert(not pcall(json.encode, v))
  assert(not pcall(flow.start, "attack", { v = v }))
  assert(not pcall(run.checkpoint, run, v))
end
