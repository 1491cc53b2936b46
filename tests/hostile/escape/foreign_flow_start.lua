-- expect: survives
assert(not pcall(flow.start, "good.note", { n = 1 }))
assert(not pcall(flow.start, "good.nothing", {}))
