-- expect: lua.error | limit
-- mode: post
error(("x"):rep(4 << 20))
