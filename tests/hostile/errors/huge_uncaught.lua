-- expect: failed
error({ code = ("x"):rep(1 << 20), message = ("\xff"):rep(1 << 20), fields = { a = { b = {} } } })
