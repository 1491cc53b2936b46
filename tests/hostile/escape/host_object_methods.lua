-- expect: survives
local now, run_ = date.now(), run
for _, f in ipairs { run.sleep, run.note, run.ask, run.checkpoint } do
  for _, wrong in ipairs { 1, "run", {}, now, setmetatable({}, { __index = run_ }), print, coroutine.create(print) } do
    assert(not pcall(f, wrong, "1s"))
  end
end
