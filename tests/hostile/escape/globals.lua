-- expect: survives
for _, name in ipairs { "io", "os", "package", "load", "loadstring", "loadfile", "dofile", "debug", "setfenv", "getfenv",
  "module", "newproxy", "jit", "ffi", "bit", "redis", "_ENV_", "arg", "unpack", "gcinfo", "rawequal_" } do
  assert(not pcall(function() assert(_G[name]) end), name)
end
assert(not pcall(function() assert(_G._LOADED) end))
