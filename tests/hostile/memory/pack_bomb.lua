-- expect: survives
assert(not pcall(string.pack, "!16 i16 Xi16 i17", 1))
assert(not pcall(string.pack, ("s4"):rep(1000), "x"))
assert(not pcall(string.packsize, "c2147483647c2147483647"))
assert(not pcall(string.unpack, "s8", ("\xff"):rep(8)))
