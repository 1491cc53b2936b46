-- expect: survives | limit.time
local evil = setmetatable({}, { __tostring = function() error("again") end, __index = function() error("index") end, __name = 1 })
for _, v in ipairs { evil, { code = evil, message = evil }, { code = ("x"):rep(100000) }, { message = ("x"):rep(1 << 20) }, { code = "a\0b" }, coroutine.create(print), print } do
  local ok, e = pcall(error, v)
  assert(not ok and rawequal(e, v))
end
