-- expect: survives
for _, v in ipairs { {}, print, run, coroutine.create(print) } do
  local ok, s = pcall(string.format, "%q", v)
  assert(not ok or not s:find("0x"))
end
