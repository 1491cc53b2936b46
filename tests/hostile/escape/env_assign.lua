-- expect: lua.upvalue
-- mode: load
flow.define("x", { title = "x" }, function() _ENV = {} end)
