-- expect: survives
assert(not pcall(setmetatable, {}, { __mode = "k" }))
assert(not pcall(setmetatable, {}, { __mode = "v" }))
assert(not pcall(setmetatable, {}, { __mode = "kv" }))
