-- expect: survives
for _, lib in ipairs { string, table, math, utf8, coroutine, storage, content, flow, loop, log, json, date, people } do
  assert(not pcall(function() lib.x = 1 end))
  assert(not pcall(rawset, lib, "x", 1))
  assert(not pcall(table.insert, lib, 1))
  assert(rawget(lib, "x") == nil)
  local mt = getmetatable(lib)
  assert(type(mt) ~= "table" or not pcall(rawset, mt, "__index", {}))
end
