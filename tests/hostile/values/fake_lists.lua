-- expect: survives
local liar = setmetatable({}, { __len = function() return 1 << 40 end, __index = function(_, i) return i end })
pcall(json.encode, liar)
pcall(storage.kv.set, "x", liar)
pcall(mark.find, mark, { n = liar })
pcall(mark.aggregate, mark, { by = liar, sum = liar })
pcall(run.ask_all, run, liar)
pcall(run.all, run, liar)
