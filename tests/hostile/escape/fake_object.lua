-- expect: survives
local fake = setmetatable({ id = 1, kind = "item" }, { __name = "item", __index = function() return 1 end })
assert(not pcall(content.publish, fake))
assert(not pcall(content.history, fake))
assert(not pcall(content.edit, { id = 1 }, { title = "x" }))
