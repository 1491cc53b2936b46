-- expect: survives
assert(string.rep("", 1 << 62) == "")
assert(string.rep("", 1 << 62, "") == "")
assert(not pcall(string.rep, "", 1 << 62, "x"))
assert(not pcall(string.rep, "x", math.maxinteger))
assert(not pcall(string.rep, "xx", math.maxinteger, "xx"))
